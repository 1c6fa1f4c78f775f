/**
 * Accounts and their certificates in the database. All methods run inside the open transaction.
 */
import type { AccountName } from "../../account_name.ts";
import type { RecordedChange } from "../account_change.ts";
import type { BookingSide } from "../account_rules.ts";
import { type CertificateRecord, type EntrySide, issuingAccount } from "../entry.ts";
import type { Account, OnlineOutcome, Presence, RegisteredAccount } from "../ledger.ts";
import {
  certificateFromRow,
  changeFromRow,
  integerIn,
  type Row,
  textIn,
  timeText,
} from "./rows.ts";
import type { Statements } from "./statements.ts";

/** One side of a booking, with its balance before. */
export type SideBefore = BookingSide & { readonly balance: number };

/** Reads and writes accounts. */
export class SqliteAccounts {
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

  /** Returns whether any row of an earlier account of this name exists. */
  hasLeftTraces(name: AccountName): boolean {
    return this.#sql.leftByAccount.get(name, name, name, name) !== undefined;
  }

  /** Returns whether the account has or had this key. */
  hasKey(name: AccountName, keyFingerprint: string): boolean {
    return this.#sql.keyOf.get(name, keyFingerprint) !== undefined;
  }

  bringOnline({ name, host, publicPort, privatePort }: Presence): OnlineOutcome {
    if (this.certificateOf(name) === undefined) return { outcome: "account_unknown" };
    if (this.#sql.presence.get(name) !== undefined) return { outcome: "already_online" };
    this.#sql.bringOnline.run(host, publicPort, privatePort, name);
    return { outcome: "online" };
  }

  /** Returns the number of accounts without the issuing account. */
  count(): number {
    return integerIn(this.#sql.accountCount.get()!, "accounts");
  }

  /** Looks up both sides of a booking at once. */
  sides(payer: EntrySide, payee: EntrySide): Partial<Record<"payer" | "payee", SideBefore>> {
    const rows = this.#sql.sides.all(payer, payee);
    const sideOf = (side: EntrySide) => {
      const row = rows.find(({ username }) => username === side);
      return row && sideFromRow(row);
    };
    const found = { payer: sideOf(payer), payee: sideOf(payee) };
    return found as Partial<Record<"payer" | "payee", SideBefore>>;
  }

  /** Returns the fingerprint of the certificate that may act as the account now. */
  certificateOf(name: AccountName): string | undefined {
    return this.#side(name)?.certificate;
  }

  add(name: AccountName): void {
    this.#sql.addClient.run(name);
  }

  /** Returns an account that has a certificate. */
  requireRegistered(name: AccountName): RegisteredAccount {
    return this.find(name) as RegisteredAccount;
  }

  takeOffline(name: AccountName): void {
    this.#sql.takeOffline.run(name);
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

  /** Records a certificate of the server, unless it is recorded already. */
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
  return {
    balance: integerIn(row, "balance"),
    isClosed: row.kind !== null && textIn(row, "kind") === "closure",
    certificate: row.fingerprint === null ? undefined : textIn(row, "fingerprint"),
  };
}
