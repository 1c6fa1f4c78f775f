/**
 * Accounts and their certificates in the database. Everything here runs inside whatever transaction is open.
 */
import type { AccountName } from "../../account_name.ts";
import type { RecordedChange } from "../account_change.ts";
import type { BookingSides } from "../account_rules.ts";
import type { EntryParty } from "../entry.ts";
import type {
  Account,
  CertificateRecord,
  OnlineOutcome,
  Presence,
  RegisteredAccount,
} from "../ledger.ts";
import { certificateFromRow, changeFromRow, integerIn, timeText } from "./rows.ts";
import type { Statements } from "./statements.ts";

export class SqliteAccounts implements BookingSides {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  find(name: AccountName): Account | undefined {
    const row = this.#sql.account.get(name);
    if (row === undefined) return undefined;
    const lastChange = this.#lastChange(name);
    const certificate = this.#certificate(name, lastChange);
    return {
      name,
      balance: integerIn(row, "balance"),
      ...(certificate && { certificate }),
      isClosed: lastChange?.kind === "closure",
      ...(lastChange && { lastChange }),
    };
  }

  /** Whether something is there that an account of this name has left. */
  hasLeftTraces(name: AccountName): boolean {
    return this.#sql.leftByAccount.get(name, name, name, name) !== undefined;
  }

  /** Whether the account has or had this key. */
  hasKey(name: AccountName, keyFingerprint: string): boolean {
    return this.#sql.keyOf.get(name, keyFingerprint) !== undefined;
  }

  bringOnline({ name, host, publicPort, privatePort }: Presence): OnlineOutcome {
    const account = this.find(name);
    if (account?.certificate === undefined || account.isClosed) {
      return { outcome: "account_unknown" };
    }
    if (this.#sql.presence.get(name) !== undefined) return { outcome: "already_online" };
    this.#sql.bringOnline.run(host, publicPort, privatePort, name);
    return { outcome: "online" };
  }

  /** How many there are, the issuing account not counted. */
  count(): number {
    return integerIn(this.#sql.accountCount.get()!, "accounts");
  }

  isClosed(party: EntryParty): boolean {
    return this.#lastChange(party)?.kind === "closure";
  }

  certificateOf(party: EntryParty): string | undefined {
    return this.find(party as AccountName)?.certificate?.fingerprint;
  }

  add(name: AccountName): void {
    this.#sql.addClient.run(name);
  }

  /** An account that was just given a certificate, or has one. */
  registered(name: AccountName): RegisteredAccount {
    return this.find(name) as RegisteredAccount;
  }

  takeOffline(name: AccountName): void {
    this.#sql.takeOffline.run(name);
  }

  addCertificate(name: AccountName, certificate: CertificateRecord): void {
    const { fingerprint, keyFingerprint, der, issuedAtMs } = certificate;
    this.#sql.addCertificate.run(fingerprint, name, keyFingerprint, der, timeText(issuedAtMs));
  }

  #lastChange(name: EntryParty): RecordedChange | undefined {
    const row = this.#sql.lastChangeOf.get(name);
    return row && changeFromRow(row);
  }

  /** The account's one certificate until there is a change; then the one that the change gave it. */
  #certificate(
    name: AccountName,
    lastChange: RecordedChange | undefined,
  ): CertificateRecord | undefined {
    if (lastChange?.kind === "reissue") {
      const row = this.#sql.certificate.get(name, lastChange.certificate ?? null);
      return row && certificateFromRow(row);
    }
    if (lastChange !== undefined) return undefined;
    const rows = this.#sql.certificates.all(name);
    // With a second one that no change gave, nobody can say which of them is the account's.
    return rows.length === 1 ? certificateFromRow(rows[0]!) : undefined;
  }
}
