/**
 * An hledger journal: a transaction an entry, each posting with the balance that the ledger says it makes, so that `hledger check`
 * recomputes all of them.
 */
import type { AccountName } from "../account_name.ts";
import { type EntryParty, issuingAccount } from "../ledger/entry.ts";
import type { CarriedBalances, ExportedEntry, ExportWriter } from "./exported_entries.ts";

export interface JournalOptions {
  /** The only account whose balances are asserted; the others' entries are not all there. */
  readonly account?: AccountName | undefined;
  readonly from?: string | undefined;
}

export function hledgerWriter({ account, from }: JournalOptions): ExportWriter {
  const posting = (party: EntryParty, amount: number, balance: number) => {
    const assertion = account === undefined || party === account ? ` = ${balance}` : "";
    return `    ${hledgerAccount(party)}  ${amount}${assertion}`;
  };
  return {
    *begin(carried: CarriedBalances) {
      if (carried.size === 0) return;
      yield `${from} * carried forward`;
      for (const [party, balance] of carried) yield posting(party, balance, balance);
      // The other side of the balances of all accounts is among them; that of one is not.
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

/** hledger takes every character of a name as it is. */
export function hledgerAccount(party: EntryParty): string {
  return party === issuingAccount ? "equity:issuer" : `members:${party}`;
}

/**
 * A memo is a stranger's text. Within a comment, on a line of its own, a tag ends at a comma, a colon makes another one, and what
 * stands in brackets may be a date. hledger also drops white space at the ends of a value. All of these, control characters and
 * the per cent sign are written as in a URL, and can be read back.
 */
function tagValue(text: string): string {
  return text.replace(/[%:,[\]\p{Cc}\u2028\u2029]|^\s+|\s+$/gu, encodeURIComponent);
}
