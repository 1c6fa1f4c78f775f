/**
 * Selects and streams the entries of an export, with the balances that they begin from.
 */
import type { AccountName } from "../account_name.ts";
import { LedgerError } from "../errors.ts";
import type { EntrySide } from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredEntry } from "../ledger/snapshot.ts";
import { type DecodedEntry, decodeEntry } from "../ledger/stored_rows.ts";

/** The entries of an export. */
export interface ExportSelection {
  /** Only entries of this account. */
  readonly account?: AccountName | undefined;
  /** First and last day, both included, as `YYYY-MM-DD` in UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The balances before the first exported entry, where earlier entries are left out. */
export type CarriedBalances = ReadonlyMap<EntrySide, number>;

/**
 * An entry with its day in the books: its own day, or the latest day of an earlier entry if that is
 * later. So a clock that was set back does not change the order, and a range of days is a range of
 * entries with one balance to carry.
 */
export interface ExportedEntry {
  readonly entry: DecodedEntry;
  readonly day: string;
}

/** Turns entries into the lines of a format. */
export interface ExportWriter {
  /** Called before the entries. */
  begin(carried: CarriedBalances): Iterable<string>;
  entry(exported: ExportedEntry): Iterable<string>;
  /** Called after them. */
  end(): Iterable<string>;
}

/**
 * Streams an export, line by line.
 *
 * @throws {LedgerError} when a row is not an entry; `audit` says which and why
 */
export function* exportLines(
  snapshot: LedgerSnapshot,
  { account, from = "", to }: ExportSelection,
  writer: ExportWriter,
): Iterable<string> {
  const carried = new Map<EntrySide, number>();
  const isWanted = (side: EntrySide) => account === undefined || side === account;
  let [begun, day] = [false, ""];
  for (const row of snapshot.entries()) {
    const entry = entryOf(row);
    const { payer, payee, payerBalance, payeeBalance } = entry;
    const ownDay = dayOf(entry.atMs);
    if (ownDay > day) day = ownDay;
    if (to !== undefined && day > to) break;
    if (!isWanted(payer) && !isWanted(payee)) continue;
    if (day < from) {
      if (isWanted(payer)) carried.set(payer, payerBalance);
      if (isWanted(payee)) carried.set(payee, payeeBalance);
      continue;
    }
    if (!begun) yield* writer.begin(carried);
    begun = true;
    yield* writer.entry({ entry, day });
  }
  if (!begun) yield* writer.begin(carried);
  yield* writer.end();
}

/** @returns the day in UTC as `YYYY-MM-DD` */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** @returns the next day, in the same form */
export function dayAfter(day: string): string {
  return dayOf(Date.parse(day) + 86_400_000);
}

function entryOf(row: StoredEntry): DecodedEntry {
  const entry = decodeEntry(row);
  if (typeof entry !== "string") return entry;
  throw new LedgerError(`export the ledger: entry ${row.number}: ${entry}; run the audit`);
}
