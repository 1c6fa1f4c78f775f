/**
 * A snapshot of a ledger in an SQLite file: a read transaction on a read-only connection, beside
 * its server.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { LedgerError } from "../../errors.ts";
import type { CopiedRow, LedgerTable, RowSource } from "../row_copy.ts";
import { auditPageRows } from "../../limits.ts";
import type {
  IssuedCertificate,
  LedgerSnapshot,
  PageQuery,
  RepeatedEntry,
  StoredAccount,
  StoredChange,
  StoredEntry,
  StoredRow,
  StoredState,
  StoredValue,
} from "../snapshot.ts";
import type { LedgerFileMarks } from "./ledger_file.ts";
import { openMoment } from "./ledger_moment.ts";
import { wholeText } from "../../sqlite/whole_text.ts";
import {
  certificateSelection,
  changeSelection,
  entrySelection,
  rowSelection,
} from "./selections.ts";
import { schemaFaults } from "./schema_faults.ts";
import { ledgerError } from "./ledger_error.ts";
import { narrow, streamRows } from "./stream_rows.ts";
import { tableColumns } from "./table_columns.ts";

/**
 * Opens a snapshot of a ledger without writing to its file, which may be in use or on a read-only
 * disk.
 *
 * The server's log grows while a snapshot is open. The duration of an audit is fine, days are not.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, or has another version
 * @throws {FileError} when it cannot be read
 */
export function openSqliteSnapshot({ file: path }: { readonly file: string }): SqliteSnapshot {
  const { database, file, marks } = openMoment(path);
  database.prepare("PRAGMA cell_size_check = ON").get(); // reports a damaged page
  return new SqliteSnapshot(database, file, marks);
}

/** The columns of an {@link IssuedCertificate}. */
const issuedSelection = `rowid AS place, ${certificateSelection}, EXISTS (
    SELECT 1 FROM account_change
    WHERE account_change.username = certificate.username AND account_change.kind = 'reissue'
      AND account_change.certificate = certificate.fingerprint
  ) AS is_reissued`;

const accountSelection = `SELECT ${wholeText("username")}, balance, online_status, (
    SELECT at FROM account_change
    WHERE account_change.username = client.username AND kind = 'closure'
    ORDER BY number LIMIT 1
  ) AS closed_at FROM client`;

const stateSql = `SELECT
    CASE WHEN paid > coalesce(received, 0)
      THEN (SELECT payer_balance FROM entry WHERE number = paid)
      ELSE (SELECT payee_balance FROM entry WHERE number = received) END AS balance,
    (SELECT ${wholeText("kind")} FROM account_change WHERE number = changed) AS change_kind,
    (SELECT ${wholeText("certificate")} FROM account_change WHERE number = changed)
      AS change_certificate
  FROM (SELECT
    (SELECT max(number) FROM entry WHERE payer = client.username AND number < ?) AS paid,
    (SELECT max(number) FROM entry WHERE payee = client.username AND number < ?) AS received,
    (SELECT max(number) FROM account_change
      WHERE account_change.username = client.username AND number < ?) AS changed
    FROM client WHERE username = ?)`;

/**
 * What belongs to one account. These statements use indexes, so that they read few rows of a ledger
 * of any length. An audit does not: an index could be forged.
 */
export const ofOneAccount = {
  account: `${accountSelection} WHERE client.username = ?`,
  changes: `SELECT ${changeSelection} FROM account_change WHERE username = ? ORDER BY number`,
  // Each side uses its own index and stops at the limit.
  newestEntries: `SELECT * FROM (${newestOfSide("payer")})
    UNION ALL SELECT * FROM (${newestOfSide("payee")}) ORDER BY number DESC LIMIT ?`,
} as const;

function newestOfSide(side: "payer" | "payee"): string {
  return `SELECT ${entrySelection} FROM entry WHERE ${side} = ? ORDER BY number DESC LIMIT ?`;
}

/** An open snapshot of an SQLite file. */
export class SqliteSnapshot implements LedgerSnapshot, RowSource {
  readonly ledgerId: string;
  /** The ledger's real path. */
  readonly name: string;
  readonly #database: DatabaseSync;
  /** Prepared queries, which an audit repeats. */
  readonly #statements = new Map<string, StatementSync>();
  /** Row iterators in use, or abandoned. */
  readonly #running = new Set<Generator>();
  #closed = false;

  constructor(database: DatabaseSync, file: string, marks: LedgerFileMarks) {
    this.#database = database;
    this.name = file;
    this.ledgerId = marks.ledgerId;
  }

  lastNumber(): Promise<number> {
    return this.#number(
      `SELECT max(
          (SELECT coalesce(max(number), 0) FROM entry),
          (SELECT coalesce(max(number), 0) FROM account_change)) AS number`,
    );
  }

  entries(): AsyncIterable<StoredEntry[]> {
    return this.#pages(`SELECT ${entrySelection} FROM entry NOT INDEXED ORDER BY number`);
  }

  newestEntriesOf(name: string, limit: number): Promise<StoredEntry[]> {
    return this.#all(ofOneAccount.newestEntries, name, limit, name, limit, limit);
  }

  entryByNumber(number: number): Promise<StoredEntry | undefined> {
    return this.#first(`SELECT ${entrySelection} FROM entry WHERE number = ?`, number);
  }

  entryById(id: string): Promise<StoredEntry | undefined> {
    return this.#first(`SELECT ${entrySelection} FROM entry WHERE id = ?`, id);
  }

  changes(name?: string): AsyncIterable<StoredChange[]> {
    const select = `SELECT ${changeSelection} FROM account_change NOT INDEXED`;
    return name === undefined
      ? this.#pages(`${select} ORDER BY number`)
      : this.#pages(`${select} WHERE username = ? ORDER BY number`, name);
  }

  changesOf(name: string): Promise<StoredChange[]> {
    return this.#all(ofOneAccount.changes, name);
  }

  changeByNumber(number: number): Promise<StoredChange | undefined> {
    return this.#first(`SELECT ${changeSelection} FROM account_change WHERE number = ?`, number);
  }

  async lastEntryTime({ before }: { readonly before: number }): Promise<StoredValue | undefined> {
    const sql = `SELECT ${
      wholeText("at")
    } FROM entry WHERE number < ? ORDER BY number DESC LIMIT 1`;
    return (await this.#first<Pick<StoredEntry, "at">>(sql, before))?.at;
  }

  entryPage({ after, limit }: PageQuery): Promise<StoredRow[]> {
    return this.#all(
      `SELECT ${rowSelection} FROM entry NOT INDEXED WHERE number > ? ORDER BY number LIMIT ?`,
      after,
      limit,
    );
  }

  changePage({ after, limit }: PageQuery): Promise<StoredChange[]> {
    return this.#all(
      `SELECT ${changeSelection} FROM account_change NOT INDEXED
        WHERE number > ? ORDER BY number LIMIT ?`,
      after,
      limit,
    );
  }

  async subtreesOf(numbers: readonly number[]): Promise<Map<number, StoredValue>> {
    const sql = `SELECT lower(hex(subtrees)) AS subtrees FROM entry WHERE number = ?
        UNION ALL SELECT lower(hex(subtrees)) FROM account_change WHERE number = ?`;
    const found = new Map<number, StoredValue>();
    for (const number of numbers) {
      const row = await this.#first<Pick<StoredEntry, "subtrees">>(sql, number, number);
      if (row) found.set(number, row.subtrees);
    }
    return found;
  }

  refundsOf(id: string): Promise<Pick<StoredEntry, "number" | "amount">[]> {
    return this.#all("SELECT number, amount FROM entry WHERE refunds = ? ORDER BY number", id);
  }

  firstRepetition(): Promise<RepeatedEntry | undefined> {
    return this.#first(
      `SELECT number, ${wholeText("id")}, entries_before FROM (
          SELECT number, id, row_number() OVER (PARTITION BY id ORDER BY number) AS occurrence,
            row_number() OVER (ORDER BY number) - 1 AS entries_before
          FROM entry NOT INDEXED
        ) WHERE occurrence > 1 ORDER BY number LIMIT 1`,
    );
  }

  accounts(): AsyncIterable<StoredAccount[]> {
    return this.#pages(`${accountSelection} ORDER BY client.username`);
  }

  account(name: string): Promise<StoredAccount | undefined> {
    return this.#first(ofOneAccount.account, name);
  }

  async statesBefore(
    number: number,
    names: readonly string[],
  ): Promise<Map<string, StoredState>> {
    const found = new Map<string, StoredState>();
    for (const name of names) {
      const state = await this.#first<StoredState>(stateSql, number, number, number, name);
      if (state) found.set(name, state);
    }
    return found;
  }

  certificatePage({ after, limit }: PageQuery): Promise<IssuedCertificate[]> {
    return this.#all(
      `SELECT ${issuedSelection} FROM certificate NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?`,
      after,
      limit,
    );
  }

  lastCertificatePlace(): Promise<number> {
    return this.#number("SELECT coalesce(max(rowid), 0) AS number FROM certificate");
  }

  async certificates(fingerprints: readonly string[]): Promise<Map<string, IssuedCertificate>> {
    const sql = `SELECT ${issuedSelection} FROM certificate WHERE fingerprint = ?`;
    const found = new Map<string, IssuedCertificate>();
    for (const fingerprint of fingerprints) {
      const row = await this.#first<IssuedCertificate>(sql, fingerprint);
      if (row) found.set(fingerprint, row);
    }
    return found;
  }

  async certificatesOf(
    names: readonly StoredValue[],
  ): Promise<Map<StoredValue, IssuedCertificate[]>> {
    const sql = `SELECT ${issuedSelection} FROM certificate WHERE certificate.username = ?
        ORDER BY certificate.issued_at, rowid`;
    const found = new Map<StoredValue, IssuedCertificate[]>();
    for (const name of names) found.set(name, await this.#all<IssuedCertificate>(sql, name));
    return found;
  }

  async statementBefore(number: number): Promise<StoredValue | undefined> {
    const sql = `SELECT ${wholeText("statement_jws")} FROM account_change
      WHERE number < ? ORDER BY number DESC LIMIT 1`;
    return (await this.#first<Pick<StoredChange, "statement_jws">>(sql, number))?.statement_jws;
  }

  async *faults(): AsyncIterable<string> {
    let isOurs = true;
    for await (const fault of this.schemaFaults()) {
      isOurs = false;
      yield fault;
    }
    // The pragma itself, because its table-valued form takes the number for a table's name and
    // finds nothing.
    const integrity = this.#rows<{ integrity_check: StoredValue }>("PRAGMA integrity_check(20)");
    for (const { integrity_check: fault } of integrity) {
      if (fault !== "ok") yield `SQLite finds the file damaged: ${fault}`;
    }
    if (isOurs) yield* this.#danglingReferences();
  }

  async *schemaFaults(): AsyncIterable<string> {
    yield* this.#guarded(() => schemaFaults(this.#database, this.ledgerId));
    const sql = "SELECT count(*) AS number FROM ledger NOT INDEXED WHERE id IS NOT ?";
    if (await this.#number(sql, this.ledgerId) > 0) {
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

  /**
   * Yields rows as {@link RowSource} does. The column that only PostgreSQL has, of a certificate's
   * place or a void order's number, is the row's place in this file.
   */
  rows(table: LedgerTable, columns: readonly string[]): AsyncIterable<CopiedRow[]> {
    const types = new Map(
      tableColumns(this.#database, table).map(({ name, type }) => [name, type]),
    );
    const selection = columns.map((column) => {
      const type = types.get(column);
      if (type === undefined) return `rowid AS ${column}`;
      return type === "TEXT" ? wholeText(column) : column;
    });
    const order = table === "entry" || table === "account_change"
      ? "NOT INDEXED ORDER BY number"
      : "";
    return this.#pages(`SELECT ${selection.join(", ")} FROM ${table} ${order}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    // Before Deno 2.9, a statement must not be released after its database.
    for (const values of this.#running) values.return(undefined);
    this.#database.close();
    return Promise.resolve();
  }

  /** Yields the rows of a query in pages. */
  async *#pages<Row>(sql: string, ...values: SQLInputValue[]): AsyncGenerator<Row[]> {
    let page: Row[] = [];
    for (const row of this.#rows<Row>(sql, ...values)) {
      page.push(row);
      if (page.length < auditPageRows) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
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

  async #first<Row>(sql: string, ...values: SQLInputValue[]): Promise<Row | undefined> {
    const row = await this.#query(sql, (statement) => statement.get(...values));
    return row && narrow(row) as Row;
  }

  async #all<Row>(sql: string, ...values: SQLInputValue[]): Promise<Row[]> {
    return (await this.#query(sql, (statement) => statement.all(...values))).map(narrow) as Row[];
  }

  /** Returns the column `number` of the only row. */
  async #number(sql: string, ...values: SQLInputValue[]): Promise<number> {
    return Number((await this.#first<{ number: StoredValue }>(sql, ...values))!.number);
  }

  // deno-lint-ignore require-await -- reading a file does not wait
  async #query<Result>(
    sql: string,
    read: (statement: StatementSync) => Result,
  ): Promise<Result> {
    this.#requireOpen();
    try {
      const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
      return read(statement);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new LedgerError(`cannot read the ledger ${this.name}: it was closed`);
  }

  #failure(error: unknown): Error {
    return error instanceof LedgerError
      ? error
      : ledgerError(`cannot read the ledger ${this.name}`, error);
  }
}
