/**
 * The entries of a ledger as books.
 */
import { BooksExport, type ExportSelection, type ExportWriter } from "../books/books_export.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerSnapshot, StoredEntry } from "../ledger/snapshot.ts";
import { type DecodedEntry, decodeEntry } from "../ledger/stored_rows.ts";
import { requireOrderText } from "../protocol/order.ts";

/**
 * Streams an export, line by line.
 *
 * @throws {LedgerError} when a row is not an entry; `audit` says which and why
 */
export async function* exportLines(
  snapshot: LedgerSnapshot,
  selection: ExportSelection,
  writer: ExportWriter,
): AsyncIterable<string> {
  const books = new BooksExport(selection, writer);
  for await (const page of snapshot.entries()) {
    for (const row of page) {
      const entry = entryOf(row);
      yield* books.take(entry, () => ({
        order: requireOrderText(entry, snapshot),
        leaf: entry.subtrees.slice(0, 64),
      }));
    }
    if (books.isOver) break;
  }
  yield* books.end();
}

function entryOf(row: StoredEntry): DecodedEntry {
  const entry = decodeEntry(row);
  if (typeof entry !== "string") return entry;
  throw new LedgerError(`export the ledger: entry ${row.number}: ${entry}; run the audit`);
}
