/**
 * Accounts in memory: their certificates, and which are closed.
 */
import type { AccountName } from "../../../src/account_name.ts";
import type { AccountChange, RecordedChange } from "../../../src/ledger/account_change.ts";
import { type BookingSide, judgeRegistration } from "../../../src/ledger/account_rules.ts";
import {
  type CertificateRecord,
  type EntrySide,
  issuingAccount,
} from "../../../src/ledger/entry.ts";
import type {
  Account,
  RegisteredAccount,
  RegisterOutcome,
  Registration,
} from "../../../src/ledger/ledger.ts";
import type { MemoryBook } from "./memory_book.ts";

export class MemoryAccounts {
  /** Includes the issuing account. */
  readonly balances = new Map<EntrySide, number>([[issuingAccount, 0]]);
  /** The certificates of each account, the newest last. */
  readonly #certificates = new Map<AccountName, CertificateRecord[]>();
  readonly #lastChanges = new Map<EntrySide, RecordedChange>();

  find(name: AccountName): Account | undefined {
    const balance = this.balances.get(name);
    if (balance === undefined || name as EntrySide === issuingAccount) return undefined;
    const lastChange = this.#lastChanges.get(name);
    const hasCertificate = lastChange === undefined || lastChange.kind === "reissue";
    const certificate = hasCertificate ? this.#certificates.get(name)?.at(-1) : undefined;
    return {
      name,
      balance,
      ...(certificate && { certificate }),
      isClosed: this.isClosed(name),
      ...(lastChange && { lastChange }),
    };
  }

  side(party: EntrySide): BookingSide {
    return { isClosed: this.isClosed(party), certificate: this.certificateOf(party) };
  }

  isClosed(party: EntrySide): boolean {
    return this.#lastChanges.get(party)?.kind === "closure";
  }

  certificateOf(side: EntrySide): string | undefined {
    return this.find(side as AccountName)?.certificate?.fingerprint;
  }

  /** Returns the certificates of all accounts. */
  certificates(): CertificateRecord[] {
    return [...this.#certificates.values()].flat();
  }

  /** Gives an account its certificate. */
  certify(name: AccountName, certificate: CertificateRecord): RegisteredAccount {
    const copy = { ...certificate, der: certificate.der.slice() };
    this.#certificates.set(name, [...this.#certificates.get(name) ?? [], copy]);
    return this.find(name) as RegisteredAccount;
  }

  /** Judges a registration of an existing name: the same key again, or a new key with the code. */
  registerAgain(known: Account, registration: Registration, book: MemoryBook): RegisterOutcome {
    const { name, certificate, reissue } = registration;
    const outcome = judgeRegistration(known, registration, {
      lastStatement: book.lastStatement(),
      hadKey: this.#hasKey(name, certificate.keyFingerprint),
    });
    if (outcome === "name_taken" || outcome === "outdated") return { outcome };
    if (outcome === "reissued") {
      this.change(reissue!.change, book);
      return { outcome, account: this.certify(name, certificate) };
    }
    return { outcome, account: known as RegisteredAccount };
  }

  /** Records a change in the book. */
  change(change: AccountChange, book: MemoryBook): RecordedChange {
    const recorded = book.appendChange(change);
    this.#lastChanges.set(change.name, recorded);
    return recorded;
  }

  /** Returns whether the account has or had this key. */
  #hasKey(name: AccountName, keyFingerprint: string): boolean {
    const certificates = this.#certificates.get(name) ?? [];
    return certificates.some((certificate) => certificate.keyFingerprint === keyFingerprint);
  }
}
