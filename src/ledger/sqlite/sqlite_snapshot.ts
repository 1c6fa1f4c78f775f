/**
 * One moment of a ledger in an SQLite file, beside whatever its server does meanwhile: a read transaction on a connection that
 * cannot write.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type {
  LedgerSnapshot,
  StoredAccount,
  StoredCertificate,
  StoredEntry,
  StoredValue,
} from "../snapshot.ts";
import { connect, type LedgerFileMarks, marksOf, requireCurrent } from "./ledger_file.ts";
import { entryColumns } from "./rows.ts";
import { schemaStatements } from "./schema.ts";
import { ledgerError } from "./sqlite_error.ts";

/**
 * @throws {LedgerError} when the file is not a ledger, is damaged, or of another version than this program's
 * @throws {FileError} when it cannot be read
 */
export function openSqliteSnapshot({ file }: { readonly file: string }): LedgerSnapshot {
  const database = connect(file, { readOnly: true });
  try {
    const marks = marksOf(database, file);
    requireCurrent(file, marks);
    database.prepare("BEGIN").run();
    // A read transaction begins with its first read.
    database.prepare("SELECT count(*) FROM ledger").get();
    return new SqliteSnapshot(database, file, marks);
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteSnapshot implements LedgerSnapshot {
  readonly ledgerId: string;
  readonly #database: DatabaseSync;
  readonly #file: string;

  constructor(database: DatabaseSync, file: string, marks: LedgerFileMarks) {
    this.#database = database;
    this.#file = file;
    this.ledgerId = marks.ledgerId;
  }

  entryCount(): number {
    // NOT INDEXED: an index could have been made to say anything.
    const [row] = this.#rows<{ count: bigint }>("SELECT count(*) AS count FROM entry NOT INDEXED");
    return Number(row!.count);
  }

  entries(): Iterable<StoredEntry> {
    return this.#rows(`SELECT ${entryColumns} FROM entry NOT INDEXED ORDER BY number`);
  }

  entriesOf(name: string): Iterable<StoredEntry> {
    return this.#rows(
      `SELECT ${entryColumns} FROM entry WHERE payer = ? OR payee = ? ORDER BY number`,
      name,
      name,
    );
  }

  entryByNumber(number: number): StoredEntry | undefined {
    return this.#first(`SELECT ${entryColumns} FROM entry WHERE number = ?`, number);
  }

  entryById(id: string): StoredEntry | undefined {
    return this.#first(`SELECT ${entryColumns} FROM entry WHERE id = ?`, id);
  }

  refundsOf(id: string): Iterable<StoredEntry> {
    return this.#rows(`SELECT ${entryColumns} FROM entry WHERE refunds = ? ORDER BY number`, id);
  }

  *repeatedIds(): Iterable<string> {
    const sql = "SELECT id FROM entry NOT INDEXED GROUP BY id HAVING count(*) > 1";
    for (const { id } of this.#rows<{ id: StoredValue }>(sql)) yield String(id);
  }

  accounts(): Iterable<StoredAccount> {
    return this.#rows(
      `SELECT client.username, balance, online_status, closed_at FROM client
        LEFT JOIN closure ON closure.username = client.username ORDER BY client.username`,
    );
  }

  certificates(): Iterable<StoredCertificate> {
    return this.#rows(
      `SELECT fingerprint, username, key_fingerprint, der, issued_at, revoked_at FROM certificate
        ORDER BY username, issued_at`,
    );
  }

  *faults(): Iterable<string> {
    for (
      const { fault } of this.#rows<{ fault: StoredValue }>(
        "SELECT integrity_check AS fault FROM pragma_integrity_check(20)",
      )
    ) {
      if (fault !== "ok") yield `SQLite finds the file damaged: ${fault}`;
    }
    for (
      const row of this.#rows<{ table: StoredValue; parent: StoredValue }>(
        "SELECT * FROM pragma_foreign_key_check() LIMIT 20",
      )
    ) {
      yield `a row of ${row.table} refers to one of ${row.parent} that is not there`;
    }
    yield* this.#missingTriggers();
  }

  close(): void {
    this.#database.close();
  }

  /** The triggers that keep the book append-only have to be there, word for word. */
  *#missingTriggers(): Iterable<string> {
    const found = new Set<string>();
    for (
      const { sql } of this.#rows<{ sql: StoredValue }>(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger'",
      )
    ) {
      found.add(String(sql));
    }
    for (const statement of schemaStatements(this.ledgerId)) {
      const name = /^CREATE TRIGGER (\w+)/.exec(statement)?.[1];
      if (name !== undefined && !found.has(statement)) {
        yield `the trigger ${name}, which keeps the book append-only, is missing or was changed`;
      }
    }
  }

  *#rows<Row>(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    try {
      const statement = this.#database.prepare(sql);
      // A number past 2^53 was not written by this program; it has to be seen, not to stop the reading.
      statement.setReadBigInts(true);
      for (const row of statement.iterate(...values)) yield narrowed(row) as Row;
    } catch (error) {
      throw ledgerError(`cannot read the ledger ${this.#file}`, error);
    }
  }

  #first<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    const [row] = this.#rows<Row>(sql, ...values);
    return row;
  }
}

/** Integers as numbers wherever a number holds them exactly. */
function narrowed(row: Record<string, StoredValue>): Record<string, StoredValue> {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === "bigint" && BigInt(Number(value)) === value) {
      const number = Number(value);
      if (Number.isSafeInteger(number)) row[column] = number;
    }
  }
  return row;
}
