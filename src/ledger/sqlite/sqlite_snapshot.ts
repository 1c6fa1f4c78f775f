/**
 * A snapshot of a ledger in an SQLite file: a read transaction on a read-only connection, beside
 * its server.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { LedgerError } from "../../errors.ts";
import type {
  LedgerSnapshot,
  StoredAccount,
  StoredCertificate,
  StoredChange,
  StoredEntry,
  StoredValue,
} from "../snapshot.ts";
import type { LedgerFileMarks } from "./ledger_file.ts";
import { openMoment } from "./ledger_moment.ts";
import { wholeText } from "../../sqlite/whole_text.ts";
import { certificateSelection, changeSelection, entrySelection } from "./rows.ts";
import { schemaFaults } from "./schema_faults.ts";
import { ledgerError } from "./ledger_error.ts";
import { narrow, streamRows } from "./stream_rows.ts";

/**
 * Opens a snapshot of a ledger without writing to its file, which may be in use or on a read-only
 * disk.
 *
 * The server's log grows while a snapshot is open. The duration of an audit is fine, days are not.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, or has another version
 * @throws {FileError} when it cannot be read
 */
export function openSqliteSnapshot({ file: path }: { readonly file: string }): LedgerSnapshot {
  const { database, file, marks } = openMoment(path);
  database.prepare("PRAGMA cell_size_check = ON").get(); // reports a damaged page
  return new SqliteSnapshot(database, file, marks);
}

class SqliteSnapshot implements LedgerSnapshot {
  readonly ledgerId: string;
  readonly #database: DatabaseSync;
  readonly #file: string;
  /** Prepared queries for single rows, which an audit repeats. */
  readonly #statements = new Map<string, StatementSync>();
  /** Row iterators in use, or abandoned. */
  readonly #running = new Set<Generator>();
  #closed = false;

  constructor(database: DatabaseSync, file: string, marks: LedgerFileMarks) {
    this.#database = database;
    this.#file = file;
    this.ledgerId = marks.ledgerId;
  }

  entryCount(): number {
    // NOT INDEXED, because an index could be forged.
    const sql = "SELECT count(*) AS count FROM entry NOT INDEXED";
    return this.#first<{ count: number }>(sql)!.count;
  }

  entries(): Iterable<StoredEntry> {
    return this.#rows(`SELECT ${entrySelection} FROM entry NOT INDEXED ORDER BY number`);
  }

  entriesOf(name: string): Iterable<StoredEntry> {
    // NOT INDEXED, also because the table has the right order already.
    return this.#rows(
      `SELECT ${entrySelection} FROM entry NOT INDEXED WHERE payer = ? OR payee = ? ORDER BY number`,
      name,
      name,
    );
  }

  entryByNumber(number: number): StoredEntry | undefined {
    return this.#first(`SELECT ${entrySelection} FROM entry WHERE number = ?`, number);
  }

  entryById(id: string): StoredEntry | undefined {
    return this.#first(`SELECT ${entrySelection} FROM entry WHERE id = ?`, id);
  }

  changes(name?: string): Iterable<StoredChange> {
    const select = `SELECT ${changeSelection} FROM account_change NOT INDEXED`;
    return name === undefined
      ? this.#rows(`${select} ORDER BY number`)
      : this.#rows(`${select} WHERE username = ? ORDER BY number`, name);
  }

  changeByNumber(number: number): StoredChange | undefined {
    return this.#first(`SELECT ${changeSelection} FROM account_change WHERE number = ?`, number);
  }

  refundsOf(id: string): Iterable<StoredEntry> {
    return this.#rows(`SELECT ${entrySelection} FROM entry WHERE refunds = ? ORDER BY number`, id);
  }

  *repeatedIds(): Iterable<string> {
    const sql = "SELECT id FROM entry NOT INDEXED GROUP BY id HAVING count(*) > 1";
    for (const { id } of this.#rows<{ id: StoredValue }>(sql)) yield String(id);
  }

  accounts(): Iterable<StoredAccount> {
    return this.#rows(
      `SELECT ${wholeText("username")}, balance, online_status, (
          SELECT at FROM account_change NOT INDEXED
          WHERE account_change.username = client.username AND kind = 'closure' LIMIT 1
        ) AS closed_at FROM client ORDER BY client.username`,
    );
  }

  certificates(): Iterable<StoredCertificate> {
    return this.#rows(
      `SELECT ${certificateSelection} FROM certificate
        ORDER BY certificate.username, certificate.issued_at, rowid`,
    );
  }

  *faults(): Iterable<string> {
    // The pragma itself, because its table-valued form takes the number for a table's name and
    // finds nothing.
    const integrity = this.#rows<{ integrity_check: StoredValue }>("PRAGMA integrity_check(20)");
    for (const { integrity_check: fault } of integrity) {
      if (fault !== "ok") yield `SQLite finds the file damaged: ${fault}`;
    }
    let isOurs = true;
    for (const fault of this.#guarded(() => schemaFaults(this.#database, this.ledgerId))) {
      isOurs = false;
      yield fault;
    }
    if (isOurs) yield* this.#danglingReferences();
    const sql = "SELECT count(*) AS count FROM ledger NOT INDEXED WHERE id IS NOT ?";
    if (this.#first<{ count: number }>(sql, this.ledgerId)!.count > 0) {
      yield "the table ledger says that it is another ledger as well";
    }
  }

  /** The pragma itself, because a foreign table can have the function's name. */
  *#danglingReferences(): Generator<string> {
    for (const name of ["certificate", "account_change", "entry"]) {
      const rows = this.#rows<{ parent: StoredValue }>(`PRAGMA foreign_key_check(${name})`);
      for (const { parent } of rows) {
        yield `a row of ${name} refers to one of ${parent} that is not there`;
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before Deno 2.9, a statement must not be released after its database.
    for (const values of this.#running) values.return(undefined);
    this.#database.close();
  }

  #rows<Row>(sql: string, ...values: SQLInputValue[]): Generator<Row> {
    return this.#guarded(() => streamRows(this.#database, sql, values) as Generator<Row>);
  }

  *#guarded<T>(open: () => Generator<T>): Generator<T> {
    this.#requireOpen();
    const values = open();
    this.#running.add(values);
    try {
      for (const value of values) {
        yield value;
        this.#requireOpen();
      }
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#running.delete(values);
    }
  }

  #first<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    this.#requireOpen();
    try {
      const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
      const row = statement.get(...values);
      return row && narrow(row) as Row;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new LedgerError(`cannot read the ledger ${this.#file}: it was closed`);
  }

  #failure(error: unknown): Error {
    return error instanceof LedgerError
      ? error
      : ledgerError(`cannot read the ledger ${this.#file}`, error);
  }
}
