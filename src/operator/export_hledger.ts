/**
 * An hledger journal: a transaction an entry, each posting with the balance that the ledger says it makes, so that `hledger check`
 * recomputes all of them.
 */
import type { AccountName } from "../account_name.ts";
import { type Entry, type EntryParty, issuingAccount } from "../ledger/entry.ts";
import { type CarriedBalances, dayOf, type ExportWriter } from "./exported_entries.ts";

export interface JournalOptions {
  /** The only account whose balances are asserted; the others' entries are not all there. */
  readonly account?: AccountName | undefined;
  readonly from?: string | undefined;
}

export function hledgerWriter({ account, from }: JournalOptions): ExportWriter {
  let day = from ?? "";
  const posting = (party: EntryParty, amount: number, balance: number) => {
    const assertion = account === undefined || party === account ? ` = ${balance}` : "";
    return `    ${nameOf(party)}  ${amount}${assertion}`;
  };
  return {
    *begin(carried: CarriedBalances) {
      if (carried.size === 0) return;
      yield `${day} * carried forward`;
      for (const [party, balance] of carried) yield posting(party, balance, balance);
      if (account !== undefined) yield "    equity:carried";
      yield "";
    },
    *entry(entry: Entry) {
      // hledger checks balances in the order of days: a clock that went back must not reorder the entries.
      const own = dayOf(entry.atMs);
      if (own > day) day = own;
      const { number, kind, payer, payee, amount, id, memo, refunds } = entry;
      yield `${day} * (${number}) ${kind}`;
      // Lines of their own under the first: what stands in them is a comment, whatever it says.
      yield `    ; at ${new Date(entry.atMs).toISOString()}, id ${id}${
        refunds ? `, refunds ${refunds}` : ""
      }`;
      if (memo !== undefined) yield `    ; memo ${memo}`;
      yield posting(payer, -amount, entry.payerBalance);
      yield posting(payee, amount, entry.payeeBalance);
      yield "";
    },
    *end() {},
  };
}

/** hledger takes every character of a name as it is. */
function nameOf(party: EntryParty): string {
  return party === issuingAccount ? "equity:issuer" : `members:${party}`;
}
