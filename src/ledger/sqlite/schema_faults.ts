/**
 * Comparing what a file says about its tables, indexes and triggers with what this program makes.
 */
import { DatabaseSync } from "node:sqlite";
import { schemaStatements } from "./schema.ts";
import { streamRows } from "./stream_rows.ts";

/**
 * Everything of ours has to be there, word for word: a trigger that is gone lets the book be changed, an index with another
 * condition finds less than there is, a view in a table's place shows what it likes. A trigger of somebody else's could change
 * what is booked. Other tables, views and indexes of the operator's own harm nothing.
 *
 * @returns one sentence for each fault
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

/** The statement itself and not the column `type`: SQLite takes a `Trigger` there for a trigger. */
const harmless = /^CREATE (?:TABLE|VIRTUAL TABLE|(?:UNIQUE )?INDEX|VIEW) /;

/** Indexes that a table makes itself have no text of their own. */
const schemaSql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL";

/** As SQLite itself keeps the text: a column that was added later is part of its table's. */
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
