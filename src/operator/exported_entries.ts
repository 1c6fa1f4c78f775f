/**
 * Entries as every export has them: decoded, of the wanted account and days, with the balances that they begin from.
 */
import type { AccountName } from "../account_name.ts";
import { LedgerError } from "../errors.ts";
import type { Entry, EntryParty } from "../ledger/entry.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { decodeEntry } from "./stored_entry.ts";

export interface ExportSelection {
  /** Only entries of this account. */
  readonly account?: AccountName | undefined;
  /** First and last day, both included, as `YYYY-MM-DD` in UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The balances before the first entry of an export, where entries were left out before it. */
export type CarriedBalances = ReadonlyMap<EntryParty, number>;

export interface ExportWriter {
  /** Before the entries. */
  begin(carried: CarriedBalances): Iterable<string>;
  entry(entry: Entry): Iterable<string>;
  /** After them. */
  end(): Iterable<string>;
}

/**
 * Streams an export, line by line.
 *
 * @throws {LedgerError} when a row is not an entry; `audit` says which and why
 */
export function* exportLines(
  snapshot: LedgerSnapshot,
  { account, from, to }: ExportSelection,
  writer: ExportWriter,
): Iterable<string> {
  const carried = new Map<EntryParty, number>();
  let begun = false;
  for (const row of snapshot.entries()) {
    const entry = decodeEntry(row);
    if (typeof entry === "string") {
      throw new LedgerError(`export the ledger: entry ${row.number}: ${entry}; run the audit`);
    }
    const day = dayOf(entry.atMs);
    if (account !== undefined && entry.payer !== account && entry.payee !== account) continue;
    if (from !== undefined && day < from) {
      if (account === undefined || entry.payer === account) {
        carried.set(entry.payer, entry.payerBalance);
      }
      if (account === undefined || entry.payee === account) {
        carried.set(entry.payee, entry.payeeBalance);
      }
      continue;
    }
    // A clock that went back may bring an earlier day later; such an entry is in the export of its own day.
    if (to !== undefined && day > to) continue;
    if (!begun) yield* writer.begin(carried);
    begun = true;
    yield* writer.entry(entry);
  }
  if (!begun) yield* writer.begin(carried);
  yield* writer.end();
}

/** `YYYY-MM-DD` in UTC. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The day after, in the same form. */
export function dayAfter(day: string): string {
  return dayOf(Date.parse(day) + 86_400_000);
}
