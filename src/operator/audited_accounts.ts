/**
 * The accounts of a ledger that is audited: what each entry makes of their balances, and whether that is what the ledger says.
 */
import { isAccountName } from "../account_name.ts";
import { type Entry, issuingAccount } from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredAccount, StoredValue } from "../ledger/snapshot.ts";
import { amountMax } from "../money.ts";
import { decodeInstant, isAfterEnd } from "./stored_instant.ts";

interface AuditedAccount {
  /** What the ledger says at the end. */
  readonly stored: StoredValue;
  readonly closedAtMs: number | undefined;
  /** What the entries so far make. */
  balance: number;
  hasEntries: boolean;
}

export class AuditedAccounts {
  readonly #accounts = new Map<StoredValue, AuditedAccount>();
  /** A sentence about the first that cannot be an account. */
  readonly fault: string | undefined;

  /** @param owners everybody who ever had a certificate */
  constructor(snapshot: LedgerSnapshot, owners: ReadonlySet<string>) {
    for (const row of snapshot.accounts()) {
      this.fault ??= accountFault(row, owners);
      const { username, balance, closed_at } = row;
      const closedAtMs = decodeInstant(closed_at);
      this.#accounts.set(username, { stored: balance, closedAtMs, balance: 0, hasEntries: false });
    }
  }

  /** Members; the issuing account is none. */
  get count(): number {
    return this.#accounts.size - (this.#accounts.has(issuingAccount) ? 1 : 0);
  }

  /** @returns a sentence about what is wrong with the entry, or `undefined` */
  post(entry: Entry): string | undefined {
    const { kind, payer, payee, amount, atMs } = entry;
    const [from, to] = [this.#accounts.get(payer), this.#accounts.get(payee)];
    if (!from) return `there is no account ${payer}`;
    if (!to) return `there is no account ${payee}`;
    if (kind === "opening" && to.hasEntries) return `it opens ${payee}, which had entries before`;
    if (isAfterEnd(atMs, to.closedAtMs)) return `${payee} was closed before`;
    // What a closed account still has can be paid out.
    if (kind !== "withdrawal" && isAfterEnd(atMs, from.closedAtMs)) {
      return `${payer} was closed before`;
    }
    from.balance -= amount;
    to.balance += amount;
    from.hasEntries = to.hasEntries = true;
    // With this bound on one side, no other can get where numbers stop being exact.
    const least = payer === issuingAccount ? -amountMax : 0;
    if (from.balance < least) return `${payer} has ${from.balance} after it`;
    return balanceFault("payer", entry.payerBalance, from.balance) ??
      balanceFault("payee", entry.payeeBalance, to.balance);
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
  { username, closed_at }: StoredAccount,
  owners: ReadonlySet<string>,
): string | undefined {
  if (username === issuingAccount) return undefined;
  if (!isAccountName(username)) {
    return `an account cannot be named ${JSON.stringify(String(username).slice(0, 80))}`;
  }
  if (closed_at !== null && decodeInstant(closed_at) === undefined) {
    return `when the account ${username} was closed is not written as it has to be`;
  }
  return owners.has(username) ? undefined : `the account ${username} never had a certificate`;
}

function balanceFault(side: string, stored: number, made: number): string | undefined {
  return stored === made ? undefined : `its ${side}_balance is ${stored}, the entries make ${made}`;
}
