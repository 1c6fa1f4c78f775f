/**
 * Accounts in memory: who may act as one, and which are closed.
 */
import type { AccountName } from "../../account_name.ts";
import { type EntryParty, issuingAccount } from "../entry.ts";
import type {
  Account,
  CertificateRecord,
  CloseOutcome,
  RegisteredAccount,
  RegisterOutcome,
  Registration,
  RevokeOutcome,
} from "../ledger.ts";

export class MemoryAccounts {
  /** The issuing account's too. */
  readonly balances = new Map<EntryParty, number>([[issuingAccount, 0]]);
  readonly #certificates = new Map<AccountName, CertificateRecord>();
  readonly #revokedKeys = new Map<AccountName, string[]>();
  readonly #codeDigests = new Map<AccountName, string>();
  readonly #closed = new Set<EntryParty>();

  find(name: AccountName): Account | undefined {
    const balance = this.balances.get(name);
    if (balance === undefined || name as EntryParty === issuingAccount) return undefined;
    const certificate = this.#certificates.get(name);
    return { name, balance, ...(certificate && { certificate }), isClosed: this.#closed.has(name) };
  }

  isClosed(party: EntryParty): boolean {
    return this.#closed.has(party);
  }

  /** Gives an account its certificate. */
  certify(name: AccountName, certificate: CertificateRecord): RegisteredAccount {
    this.#certificates.set(name, { ...certificate, der: certificate.der.slice() });
    return this.find(name) as RegisteredAccount;
  }

  /** A name that is there: the same key again, or a new key with the code for it. */
  registerAgain(known: Account, { certificate, codeDigest }: Registration): RegisterOutcome {
    const { name, isClosed, certificate: current } = known;
    if (isClosed) return { outcome: "name_taken" };
    if (current !== undefined) {
      return current.keyFingerprint === certificate.keyFingerprint
        ? { outcome: "repeated", account: { ...known, certificate: current } }
        : { outcome: "name_taken" };
    }
    const isRevokedKey = this.#revokedKeys.get(name)?.includes(certificate.keyFingerprint);
    if (codeDigest === undefined || codeDigest !== this.#codeDigests.get(name) || isRevokedKey) {
      return { outcome: "name_taken" };
    }
    this.#codeDigests.delete(name);
    return { outcome: "reissued", account: this.certify(name, certificate) };
  }

  revoke(name: AccountName, codeDigest: string): RevokeOutcome {
    const account = this.find(name);
    if (account === undefined) return { outcome: "account_unknown" };
    if (account.isClosed) return { outcome: "account_closed" };
    const key = account.certificate?.keyFingerprint;
    if (key !== undefined) {
      this.#revokedKeys.set(name, [...this.#revokedKeys.get(name) ?? [], key]);
    }
    this.#certificates.delete(name);
    this.#codeDigests.set(name, codeDigest);
    return { outcome: "revoked" };
  }

  close(name: AccountName): CloseOutcome {
    const account = this.find(name);
    if (account === undefined) return { outcome: "account_unknown" };
    if (account.isClosed) return { outcome: "account_closed" };
    this.#closed.add(name);
    return { outcome: "closed" };
  }
}
