/**
 * Accounts and their certificates in the database. Everything here runs inside whatever transaction is open.
 */
import type { AccountName } from "../../account_name.ts";
import type { EntryParty } from "../entry.ts";
import type {
  Account,
  CertificateRecord,
  CloseOutcome,
  OnlineOutcome,
  Presence,
  RegisteredAccount,
  RegisterOutcome,
  Registration,
  RevokeOutcome,
} from "../ledger.ts";
import { certificateFromRow, integerIn, timeText } from "./rows.ts";
import type { Statements } from "./statements.ts";

export class SqliteAccounts {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  find(name: AccountName): Account | undefined {
    const row = this.#sql.account.get(name);
    return row && {
      name,
      balance: integerIn(row, "balance"),
      ...(row.fingerprint !== null && { certificate: certificateFromRow(row) }),
      isClosed: row.closed_at !== null,
    };
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
    return this.#sql.closure.get(party) !== undefined;
  }

  add({ name, certificate }: Registration): void {
    this.#sql.addClient.run(name);
    this.#addCertificate(name, certificate);
  }

  /** An account that was just given a certificate, or has one. */
  registered(name: AccountName): RegisteredAccount {
    return this.find(name) as RegisteredAccount;
  }

  /** A name that is there: the same key again, or a new key with the code for it. */
  registerAgain(known: Account, { certificate, codeDigest }: Registration): RegisterOutcome {
    const { name } = known;
    if (known.isClosed) return { outcome: "name_taken" };
    if (known.certificate !== undefined) {
      return known.certificate.keyFingerprint === certificate.keyFingerprint
        ? { outcome: "repeated", account: this.registered(name) }
        : { outcome: "name_taken" };
    }
    const expected = this.#sql.expectedReissue.get(name)?.code_digest;
    const isRevokedKey = this.#sql.revokedKey.get(name, certificate.keyFingerprint) !== undefined;
    if (codeDigest === undefined || codeDigest !== expected || isRevokedKey) {
      return { outcome: "name_taken" };
    }
    this.#addCertificate(name, certificate);
    this.#sql.endReissue.run(name);
    return { outcome: "reissued", account: this.registered(name) };
  }

  revoke(
    name: AccountName,
    { codeDigest, atMs }: { readonly codeDigest: string; readonly atMs: number },
  ): RevokeOutcome {
    const account = this.find(name);
    if (account === undefined) return { outcome: "account_unknown" };
    if (account.isClosed) return { outcome: "account_closed" };
    this.#sql.revoke.run(timeText(atMs), name);
    this.#sql.expectReissue.run(name, codeDigest, timeText(atMs));
    this.#sql.takeOffline.run(name);
    return { outcome: "revoked" };
  }

  close(name: AccountName, { atMs }: { readonly atMs: number }): CloseOutcome {
    const account = this.find(name);
    if (account === undefined) return { outcome: "account_unknown" };
    if (account.isClosed) return { outcome: "account_closed" };
    this.#sql.close.run(name, timeText(atMs));
    this.#sql.takeOffline.run(name);
    return { outcome: "closed" };
  }

  #addCertificate(name: AccountName, certificate: CertificateRecord): void {
    const { fingerprint, keyFingerprint, der, issuedAtMs } = certificate;
    this.#sql.addCertificate.run(fingerprint, name, keyFingerprint, der, timeText(issuedAtMs));
  }
}
