/** The accounts of a batch's rows, as the rules read and write them. */
import type { AccountName } from "../../account_name.ts";
import { currentCertificate } from "../account_rules.ts";
import { type CertificateRecord, type EntrySide, issuingAccount } from "../entry.ts";
import type { Account, Presence } from "../ledger.ts";
import type { AccountRows, SideBefore } from "../ledger_rows.ts";
import type { BatchRows } from "./batch_rows.ts";

/** {@link AccountRows} over copies, and who is online. */
export class AccountCopies implements AccountRows {
  readonly #rows: BatchRows;

  constructor(rows: BatchRows) {
    this.#rows = rows;
  }

  find(name: AccountName): Account | undefined {
    const side = this.#rows.sides.get(name);
    // The issuing account is no member.
    if (side === undefined || String(name) === issuingAccount) return undefined;
    const current = currentCertificate(side);
    const certificate = this.#rows.certificates.get(name)
      ?.find(({ fingerprint }) => fingerprint === current);
    const lastChange = this.#rows.lastChanges.get(name);
    return {
      name,
      balance: side.balance,
      ...(certificate && { certificate }),
      isClosed: side.lastChange?.kind === "closure",
      ...(lastChange && { lastChange }),
    };
  }

  sides(payer: EntrySide, payee: EntrySide): Partial<Record<"payer" | "payee", SideBefore>> {
    const found = { payer: this.#side(payer), payee: this.#side(payee) };
    return found as Partial<Record<"payer" | "payee", SideBefore>>;
  }

  certificateOf(name: AccountName): string | undefined {
    return String(name) === issuingAccount ? undefined : this.#side(name)?.certificate;
  }

  hasLeftTraces(name: AccountName): boolean {
    return this.#rows.traces.has(name);
  }

  hasKey(name: AccountName, keyFingerprint: string): boolean {
    const records = this.#rows.certificates.get(name) ?? [];
    return records.some((record) => record.keyFingerprint === keyFingerprint);
  }

  count(): number {
    return this.#rows.counts!.accounts + this.#rows.newNames.length;
  }

  add(name: AccountName): void {
    this.#rows.push(this.#rows.newNames, name);
    const side = { balance: 0, server: undefined, certificates: [], lastChange: undefined };
    this.#rows.sides.set(name, side);
  }

  addCertificate(name: AccountName, record: CertificateRecord): void {
    const { sides, certificates, newCertificates } = this.#rows;
    const side = sides.get(name)!;
    sides.set(name, { ...side, certificates: [...side.certificates, record.fingerprint] });
    certificates.set(name, [...certificates.get(name) ?? [], record]);
    this.#rows.push(newCertificates, { name, record });
  }

  recordServerCertificate(record: CertificateRecord): void {
    const { serverCertificates, newCertificates } = this.#rows;
    if (serverCertificates.get(record.fingerprint)) return;
    serverCertificates.set(record.fingerprint, true);
    this.#rows.push(newCertificates, { name: issuingAccount, record });
  }

  takeOffline(name: AccountName): void {
    if (this.serverOf(name) !== undefined) this.#setPresence(name, null);
  }

  /** Returns the server where an account is online, or `undefined`. */
  serverOf(name: AccountName): string | undefined {
    return this.#rows.sides.get(name)?.server;
  }

  /** Returns 0 when no other server wants an account's place, 1 when one asked, 2 considered. */
  leaveOf(name: AccountName): number {
    return this.#rows.leaves.get(name) ?? 0;
  }

  setLeave(name: AccountName, leave: number): void {
    if (this.leaveOf(name) !== leave) this.#rows.leaves.set(name, leave);
  }

  bringOnline(presence: Presence): void {
    this.#setPresence(presence.name, presence);
  }

  #setPresence(name: AccountName, presence: Presence | null): void {
    this.#rows.sides.set(name, { ...this.#rows.sides.get(name)!, server: presence?.server });
    this.#rows.presences.set(name, presence);
    this.setLeave(name, 0);
  }

  #side(name: EntrySide): SideBefore | undefined {
    const side = this.#rows.sides.get(name);
    return side && {
      balance: side.balance,
      isClosed: side.lastChange?.kind === "closure",
      certificate: currentCertificate(side),
    };
  }
}
