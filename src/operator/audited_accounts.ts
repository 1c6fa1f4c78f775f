/**
 * The accounts of an audited ledger. It computes their balances and states from entries and account
 * changes, and compares them with what the ledger stores.
 */
import { isAccountName } from "../account_name.ts";
import { issuingAccount } from "../ledger/entry.ts";
import { type LedgerSnapshot, storedText, type StoredValue } from "../ledger/snapshot.ts";
import { amountMax } from "../money.ts";
import type { IssuedCertificates } from "./issued_certificates.ts";
import type { DecodedChange, DecodedEntry } from "../ledger/stored_rows.ts";

interface AuditedAccount {
  /** The balance that the ledger stores. */
  readonly stored: StoredValue;
  /** Fingerprint of the account's current certificate. */
  certificate: string | undefined;
  /** Fingerprints of all its certificates so far. */
  readonly certificates: Set<string>;
  isClosed: boolean;
  /** The balance after the entries so far. */
  balance: number;
  hasEntries: boolean;
}

/** Computes the accounts from the rows of the ledger. */
export class AuditedAccounts {
  readonly #accounts = new Map<StoredValue, AuditedAccount>();
  readonly #owners: IssuedCertificates["owners"];
  /** A sentence about the first row that cannot be an account. */
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

  /** The number of members. The issuing account is not one. */
  get count(): number {
    return this.#accounts.size - (this.#accounts.has(issuingAccount) ? 1 : 0);
  }

  /**
   * Posts an entry.
   *
   * @returns a sentence about its fault, or `undefined`
   */
  post(entry: DecodedEntry): string | undefined {
    const { kind, payer, payee, amount } = entry;
    const [from, to] = [this.#accounts.get(payer), this.#accounts.get(payee)];
    if (!from) return `there is no account ${payer}`;
    if (!to) return `there is no account ${payee}`;
    if (kind === "opening" && to.hasEntries) return `it opens ${payee}, which had entries before`;
    if (to.isClosed) return `${payee} was closed before`;
    // The operator can pay out the balance of a closed account.
    if (kind !== "withdrawal" && from.isClosed) return `${payer} was closed before`;
    from.balance -= amount;
    to.balance += amount;
    from.hasEntries = to.hasEntries = true;
    // This bound on one side keeps every balance within exact numbers.
    const least = payer === issuingAccount ? -amountMax : 0;
    if (from.balance < least) return `${payer} has ${from.balance} after it`;
    return balanceFault("payer", entry.payerBalance, from.balance) ??
      balanceFault("payee", entry.payeeBalance, to.balance);
  }

  /**
   * Checks the certificate that an order is signed under. A certificate of the CA is not enough: it
   * has to be the payer's current one at that entry.
   *
   * @returns a sentence about the fault, or `undefined`
   */
  certificateFault(payer: string, fingerprint: string): string | undefined {
    if (this.#owners.get(fingerprint) !== payer) {
      const shown = `${fingerprint.slice(0, 16)}…`;
      return `its order is signed under the certificate ${shown}, which the ledger does not have for ${payer}`;
    }
    const account = this.#accounts.get(payer);
    // A closed or missing account is reported by `post`.
    if (!account || account.isClosed || account.certificate === fingerprint) return undefined;
    return account.certificates.has(fingerprint)
      ? "its order is signed under a certificate that was revoked before"
      : `its order is signed under a certificate that ${payer} got later`;
  }

  /**
   * Applies an account change.
   *
   * @returns a sentence about its fault, or `undefined`
   */
  change({ kind, name, certificate }: DecodedChange): string | undefined {
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

  /**
   * Compares the computed balances with the stored ones.
   *
   * @returns a sentence about the first difference, or `undefined`
   */
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
