/**
 * The accounts of a ledger that is audited: what each entry makes of their balances, what each account change makes of them, and
 * whether that is what the ledger says.
 */
import { isAccountName } from "../account_name.ts";
import type { RecordedChange } from "../ledger/account_change.ts";
import { type Entry, issuingAccount } from "../ledger/entry.ts";
import { type LedgerSnapshot, storedText, type StoredValue } from "../ledger/snapshot.ts";
import { amountMax } from "../money.ts";
import type { IssuedCertificates } from "./issued_certificates.ts";

interface AuditedAccount {
  /** What the ledger says at the end. */
  readonly stored: StoredValue;
  /** Fingerprint of the certificate that may act as it so far. */
  certificate: string | undefined;
  /** Fingerprints of all that it had so far. */
  readonly certificates: Set<string>;
  isClosed: boolean;
  /** What the entries so far make. */
  balance: number;
  hasEntries: boolean;
}

export class AuditedAccounts {
  readonly #accounts = new Map<StoredValue, AuditedAccount>();
  readonly #owners: IssuedCertificates["owners"];
  /** A sentence about the first that cannot be an account. */
  readonly fault: string | undefined;

  constructor(snapshot: LedgerSnapshot, { owners, registered }: IssuedCertificates) {
    this.#owners = owners;
    for (const { username, balance } of snapshot.accounts()) {
      const certificate = registered.get(String(username));
      this.fault ??= accountFault(username, certificate);
      this.#accounts.set(username, {
        stored: balance,
        certificate,
        certificates: new Set(certificate === undefined ? [] : [certificate]),
        isClosed: false,
        balance: 0,
        hasEntries: false,
      });
    }
  }

  /** Members; the issuing account is none. */
  get count(): number {
    return this.#accounts.size - (this.#accounts.has(issuingAccount) ? 1 : 0);
  }

  /** @returns a sentence about what is wrong with the entry, or `undefined` */
  post(entry: Entry): string | undefined {
    const { kind, payer, payee, amount } = entry;
    const [from, to] = [this.#accounts.get(payer), this.#accounts.get(payee)];
    if (!from) return `there is no account ${payer}`;
    if (!to) return `there is no account ${payee}`;
    if (kind === "opening" && to.hasEntries) return `it opens ${payee}, which had entries before`;
    if (to.isClosed) return `${payee} was closed before`;
    // What a closed account still has can be paid out.
    if (kind !== "withdrawal" && from.isClosed) return `${payer} was closed before`;
    from.balance -= amount;
    to.balance += amount;
    from.hasEntries = to.hasEntries = true;
    // With this bound on one side, no other can get where numbers stop being exact.
    const least = payer === issuingAccount ? -amountMax : 0;
    if (from.balance < least) return `${payer} has ${from.balance} after it`;
    return balanceFault("payer", entry.payerBalance, from.balance) ??
      balanceFault("payee", entry.payeeBalance, to.balance);
  }

  /**
   * Issued by the CA is not enough: a certificate that an order is signed under has to be the payer's at that place.
   *
   * @returns a sentence about what is wrong with an order of `payer` that is signed under it, or `undefined`
   */
  certificateFault(payer: string, fingerprint: string): string | undefined {
    if (this.#owners.get(fingerprint) !== payer) {
      const shown = `${fingerprint.slice(0, 16)}…`;
      return `its order is signed under the certificate ${shown}, which the ledger does not have for ${payer}`;
    }
    const account = this.#accounts.get(payer);
    // Of an account that is closed or not there, that is told instead.
    if (!account || account.isClosed || account.certificate === fingerprint) return undefined;
    return account.certificates.has(fingerprint)
      ? "its order is signed under a certificate that was revoked before"
      : `its order is signed under a certificate that ${payer} got later`;
  }

  /** @returns a sentence about what is wrong with the account change, or `undefined` */
  change({ kind, name, certificate }: RecordedChange): string | undefined {
    const account = this.#accounts.get(name);
    if (!account) return `there is no account ${name}`;
    if (account.isClosed) return `${name} was closed before`;
    if (kind === "closure") {
      account.isClosed = true;
      return undefined;
    }
    if (kind === "revocation") {
      if (certificate !== account.certificate) {
        return `it revokes a certificate that is not the one of ${name} then`;
      }
      account.certificate = undefined;
      return undefined;
    }
    const isNew = certificate !== undefined && this.#owners.get(certificate) === name &&
      !account.certificates.has(certificate);
    if (!isNew) return `it gives ${name} a certificate that the ledger does not have for it`;
    if (account.certificate !== undefined) return `${name} had a certificate still`;
    account.certificate = certificate;
    account.certificates.add(certificate);
    return undefined;
  }

  /** Compares what all entries make with what the accounts are said to have. */
  settle(): string | undefined {
    let sum = 0;
    for (const [name, { stored, balance }] of this.#accounts) {
      if (stored !== balance) {
        return `${name} has ${stored} and its entries make ${balance}: ` +
          "the balance was changed, or entries after the last one are missing";
      }
      sum += balance;
    }
    return sum === 0 ? undefined : `all balances together are ${sum}, not 0`;
  }
}

function accountFault(
  username: StoredValue,
  registered: string | undefined,
): string | undefined {
  if (username === issuingAccount) return undefined;
  if (!isAccountName(username)) {
    return `an account cannot be named ${JSON.stringify(storedText(username).slice(0, 80))}`;
  }
  return registered === undefined
    ? `the account ${username} has no certificate that it was registered with`
    : undefined;
}

function balanceFault(side: string, stored: number, made: number): string | undefined {
  return stored === made ? undefined : `its ${side}_balance is ${stored}, the entries make ${made}`;
}
