/** Compares a file's tables, indexes and triggers with this program's schema. */
import { DatabaseSync } from "node:sqlite";
import { schemaStatements } from "./schema.ts";
import { streamRows } from "./stream_rows.ts";

/**
 * Yields the faults in a file's schema, one sentence each.
 *
 * Each part of our schema must be present and unchanged. Without a trigger the book could be
 * changed, another index could hide rows, and a view in a table's place could show anything. A
 * foreign trigger could change a booking. Other tables, views and indexes do no harm.
 */
export function* schemaFaults(database: DatabaseSync, ledgerId: string): Generator<string> {
  const expected = expectedSchema(ledgerId);
  for (const { type, name, sql } of streamRows(database, schemaSql)) {
    const what = `${type} ${name}`;
    if (expected.get(what) === sql) expected.delete(what);
    else if (!harmless.test(String(sql)) && !expected.has(what)) {
      yield `the ${what} is not one of this program's, and could change what is booked`;
    }
  }
  for (const what of expected.keys()) yield `the ${what} is missing or was changed`;
}

/** Matches the statement, because SQLite accepts a `Trigger` in the column `type` for a trigger. */
const harmless = /^CREATE (?:TABLE|VIRTUAL TABLE|(?:UNIQUE )?INDEX|VIEW) /;

/** Automatic indexes have no statement. */
const schemaSql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL";

/** Reads the schema back from SQLite, which merges added columns into the table's statement. */
function expectedSchema(ledgerId: string): Map<string, unknown> {
  const fresh = new DatabaseSync(":memory:");
  try {
    for (const statement of schemaStatements(ledgerId)) fresh.prepare(statement).run();
    return new Map(
      fresh.prepare(schemaSql).all().map(({ type, name, sql }) => [`${type} ${name}`, sql]),
    );
  } finally {
    fresh.close();
  }
}
