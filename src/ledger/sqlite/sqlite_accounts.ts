/**
 * Accounts and their certificates in the database. All methods run inside the open transaction.
 */
import type { AccountName } from "../../account_name.ts";
import type { ChangeKind, RecordedChange } from "../account_change.ts";
import { currentCertificate } from "../account_rules.ts";
import { type CertificateRecord, type EntrySide, issuingAccount } from "../entry.ts";
import type { Account, OnlineOutcome, Presence } from "../ledger.ts";
import type { AccountRows, SideBefore } from "../ledger_rows.ts";
import {
  certificateFromRow,
  changeFromRow,
  integerIn,
  type Row,
  textIn,
  timeText,
} from "../rows.ts";
import type { Statements } from "./statements.ts";

/** Reads and writes accounts. */
export class SqliteAccounts implements AccountRows {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  find(name: AccountName): Account | undefined {
    const side = this.#side(name);
    if (side === undefined) return undefined;
    const { balance, isClosed } = side;
    const certificate = this.#certificate(name, side.certificate);
    const lastChange = this.#lastChange(name);
    return {
      name,
      balance,
      ...(certificate && { certificate }),
      isClosed,
      ...(lastChange && { lastChange }),
    };
  }

  hasLeftTraces(name: AccountName): boolean {
    return this.#sql.leftByAccount.get(name, name, name, name) !== undefined;
  }

  hasKey(name: AccountName, keyFingerprint: string): boolean {
    return this.#sql.keyOf.get(name, keyFingerprint) !== undefined;
  }

  bringOnline({ name, host, publicPort, privatePort, server }: Presence): OnlineOutcome {
    if (this.certificateOf(name) === undefined) return { outcome: "account_unknown" };
    if (this.#sql.presence.get(name) !== undefined) return { outcome: "already_online" };
    this.#sql.bringOnline.run(host, publicPort, privatePort, server, name);
    return { outcome: "online" };
  }

  count(): number {
    return integerIn(this.#sql.accountCount.get()!, "accounts");
  }

  sides(payer: EntrySide, payee: EntrySide): Partial<Record<"payer" | "payee", SideBefore>> {
    const rows = this.#sql.sides.all(payer, payee);
    const sideOf = (side: EntrySide) => {
      const row = rows.find(({ username }) => username === side);
      return row && sideFromRow(row);
    };
    const found = { payer: sideOf(payer), payee: sideOf(payee) };
    return found as Partial<Record<"payer" | "payee", SideBefore>>;
  }

  certificateOf(name: AccountName): string | undefined {
    return this.#side(name)?.certificate;
  }

  add(name: AccountName): void {
    this.#sql.addClient.run(name);
  }

  takeOffline(name: AccountName): void {
    this.#sql.takeOffline.run(name, null);
  }

  /** Returns the DER of the certificate with this fingerprint. */
  certificateBy(fingerprint: string): Uint8Array<ArrayBuffer> | undefined {
    const row = this.#sql.certificateBy.get(fingerprint);
    return row && certificateFromRow(row).der;
  }

  addCertificate(name: AccountName, certificate: CertificateRecord): void {
    const { fingerprint, keyFingerprint, der, issuedAtMs } = certificate;
    this.#sql.addCertificate.run(fingerprint, name, keyFingerprint, der, timeText(issuedAtMs));
  }

  recordServerCertificate(
    { fingerprint, keyFingerprint, der, issuedAtMs }: CertificateRecord,
  ): void {
    const issuedAt = timeText(issuedAtMs);
    this.#sql.recordServerCertificate.run(fingerprint, keyFingerprint, der, issuedAt);
  }

  #lastChange(name: EntrySide): RecordedChange | undefined {
    const row = this.#sql.lastChangeOf.get(name);
    return row && changeFromRow(row);
  }

  #certificate(name: AccountName, fingerprint: string | undefined): CertificateRecord | undefined {
    if (fingerprint === undefined) return undefined;
    const row = this.#sql.certificate.get(name, fingerprint);
    return row && certificateFromRow(row);
  }

  /** Looks up one member. The issuing account is no member. */
  #side(name: EntrySide): SideBefore | undefined {
    return name === issuingAccount ? undefined : this.sides(name, name).payer;
  }
}

function sideFromRow(row: Row): SideBefore {
  const kind = row.kind === null ? undefined : textIn(row, "kind") as ChangeKind;
  const lastChange = kind &&
    { kind, ...(row.certificate !== null && { certificate: textIn(row, "certificate") }) };
  const fingerprints = row.fingerprints === null ? "" : textIn(row, "fingerprints");
  const certificates = fingerprints === "" ? [] : fingerprints.split(" ");
  return {
    balance: integerIn(row, "balance"),
    isClosed: kind === "closure",
    certificate: currentCertificate({ certificates, lastChange }),
  };
}
