/**
 * Writes a Beancount journal with one transaction for each entry. On the morning after each change
 * it asserts an account's balance, so that `bean-check` recomputes all of them.
 */
import { type EntrySide, issuingAccount } from "../ledger/entry.ts";
import {
  type CarriedBalances,
  dayAfter,
  type ExportedEntry,
  type ExportSelection,
  type ExportWriter,
} from "./books_export.ts";

/** Beancount needs a currency. Ours has no name. */
const currency = "UNIT";
const elsewhere = "Equity:Carried";

/** @returns a writer of a Beancount journal */
export function beancountWriter({ account, from = "" }: ExportSelection): ExportWriter {
  let today = from;
  const opened = new Set<string>();
  /** Changed balances that are not asserted yet. */
  const changed = new Map<EntrySide, number>();
  const note = (side: EntrySide, balance: number | undefined) => {
    const isWanted = account === undefined || side === account;
    if (isWanted && balance !== undefined) changed.set(side, balance);
  };

  function* open(name: string): Iterable<string> {
    if (opened.has(name)) return;
    opened.add(name);
    yield `${today} open ${name} ${currency}`;
  }
  function* assertions(): Iterable<string> {
    for (const [side, balance] of changed) {
      yield `${dayAfter(today)} balance ${beancountAccount(side)}  ${balance} ${currency}`;
    }
    changed.clear();
  }

  return {
    *begin(carried: CarriedBalances) {
      yield `option "title" "micropay"`;
      yield `option "operating_currency" "${currency}"`;
      if (carried.size === 0) return;
      for (const side of carried.keys()) yield* open(beancountAccount(side));
      if (account !== undefined) yield* open(elsewhere);
      yield `${today} * "carried forward"`;
      for (const [side, balance] of carried) {
        yield `  ${beancountAccount(side)}  ${balance} ${currency}`;
        note(side, balance);
      }
      if (account !== undefined) yield `  ${elsewhere}`;
    },
    *entry({ entry, day }: ExportedEntry) {
      if (day > today) {
        yield* assertions();
        today = day;
      }
      const { number, kind, payer, payee, amount, id, memo = "", refunds } = entry;
      for (const side of [payer, payee]) yield* open(beancountAccount(side));
      yield `${day} * "${kind}" ${quote(memo)}`;
      yield `  entry: ${number}`;
      yield `  id: "${id}"`;
      yield `  at: "${new Date(entry.atMs).toISOString()}"`;
      if (refunds !== undefined) yield `  refunds: "${refunds}"`;
      yield `  ${beancountAccount(payer)}  ${-amount} ${currency}`;
      yield `  ${beancountAccount(payee)}  ${amount} ${currency}`;
      note(payer, entry.payerBalance);
      note(payee, entry.payeeBalance);
    },
    *end() {
      yield* assertions();
    },
  };
}

/**
 * Returns the Beancount account of a side. There a name has only letters, digits and hyphens after
 * a capital. So each of the three other characters becomes a hyphen and its hexadecimal code, which
 * can be read back: `a.b` is `Assets:M-a-2eb`.
 */
export function beancountAccount(side: EntrySide): string {
  if (side === issuingAccount) return "Equity:Issuer";
  const name = side.replace(/[._-]/g, (character) => `-${character.charCodeAt(0).toString(16)}`);
  return `Assets:M-${name}`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`;
}
