/**
 * Writes an hledger journal with one transaction for each entry. Each posting asserts the balance
 * after it, so that `hledger check` recomputes all of them.
 */
import { type EntrySide, issuingAccount } from "../ledger/entry.ts";
import type {
  CarriedBalances,
  ExportedEntry,
  ExportSelection,
  ExportWriter,
} from "./books_export.ts";

/**
 * Returns a writer of an hledger journal. With an account it asserts that account's balances only,
 * because the export does not have all entries of the others.
 */
export function hledgerWriter({ account, from }: ExportSelection): ExportWriter {
  const posting = (side: EntrySide, amount: number, balance: number | undefined) => {
    const isWanted = account === undefined || side === account;
    const assertion = isWanted && balance !== undefined ? ` = ${balance}` : "";
    return `    ${hledgerAccount(side)}  ${amount}${assertion}`;
  };
  return {
    *begin(carried: CarriedBalances) {
      if (carried.size === 0) return;
      yield `${from} * carried forward`;
      for (const [side, balance] of carried) yield posting(side, balance, balance);
      // The balances of all accounts add up to zero. The balance of one needs another side.
      if (account !== undefined) yield "    equity:carried";
      yield "";
    },
    *entry({ entry, day }: ExportedEntry) {
      const { number, kind, payer, payee, amount, id, memo, refunds } = entry;
      yield `${day} * (${number}) ${kind}`;
      yield `    ; id: ${id}`;
      yield `    ; at: ${new Date(entry.atMs).toISOString()}`;
      if (refunds !== undefined) yield `    ; refunds: ${refunds}`;
      if (memo !== undefined) yield `    ; memo: ${tagValue(memo)}`;
      yield posting(payer, -amount, entry.payerBalance);
      yield posting(payee, amount, entry.payeeBalance);
      yield "";
    },
    *end() {},
  };
}

/** Returns the hledger account of a side. hledger accepts every character of a name. */
export function hledgerAccount(side: EntrySide): string {
  return side === issuingAccount ? "equity:issuer" : `members:${side}`;
}

/**
 * Returns a memo as the value of a tag. A comma would end the tag, a colon would begin another one,
 * and brackets may hold a date. hledger trims white space at the ends. So all of these, control
 * characters and the per cent sign are percent-encoded, and can be read back.
 */
function tagValue(text: string): string {
  return text.replace(/[%:,[\]\p{Cc}\u2028\u2029]|^\s+|\s+$/gu, encodeURIComponent);
}
