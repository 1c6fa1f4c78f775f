/**
 * A snapshot of a ledger in PostgreSQL: one read-only transaction on a connection of its own. Every
 * statement reads the same moment.
 */
import { LedgerError } from "../../errors.ts";
import type { CompactRange } from "../merkle_tree.ts";
import type { CopiedRow, LedgerTable, RowSource } from "../row_copy.ts";
import { auditPageRows, databaseAnswerMsMax } from "../../limits.ts";
import {
  type IssuedCertificate,
  type LedgerSnapshot,
  type PageQuery,
  type RepeatedEntry,
  type StoredAccount,
  type StoredChange,
  type StoredEntry,
  type StoredRow,
  type StoredState,
  storedText,
  type StoredValue,
} from "../snapshot.ts";
import { storedTree } from "../stored_tree.ts";
import { readCatalog } from "./catalog.ts";
import { expectedCatalog } from "./expected_catalog.ts";
import { identifyDatabase, openingError } from "./identify_database.ts";
import { ledgerErrorOf } from "./postgres_error.ts";
import { arrayText, type DatabaseAccess, type Parameter, Session } from "./session.ts";

/**
 * Opens a snapshot beside the servers of the ledger.
 *
 * @throws {LedgerError} when the database is not a ledger, or has another schema version
 * @throws {FileError} when it cannot be reached
 */
export async function openPostgresSnapshot(access: DatabaseAccess): Promise<PostgresSnapshot> {
  const attempt = `cannot open the ledger ${access.url.text}`;
  let session: Session | undefined;
  try {
    session = await Session.open(access, {
      answerMsMax: databaseAnswerMsMax,
      mayTakeLong: true,
      isReadOnly: true,
    });
    await session.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const ledgerId = await identifyDatabase(session, attempt, { allowsUnfinished: true });
    if (ledgerId !== undefined) return new PostgresSnapshot(session, access.url.text, ledgerId);
    throw new LedgerError(`${attempt}: it is empty; micropay ledger create makes a ledger in it`);
  } catch (error) {
    session?.destroy();
    throw openingError(access, error);
  }
}

const rowSelection = `entry.number, entry.id, entry.kind, payer, payee, amount, memo,
  encode(order_digest, 'hex') AS order_digest, at, payer_balance, payee_balance,
  encode(subtrees, 'hex') AS subtrees, refunds, request, iat, exp, signature, certificate`;
const entrySelection = `${rowSelection},
  (SELECT der FROM certificate WHERE fingerprint = entry.certificate) AS der`;
const changeSelection = `number, kind, username, certificate, code_digest, statement_jws, at,
  encode(subtrees, 'hex') AS subtrees`;
const issuedSelection = `place, fingerprint, username, key_fingerprint, der, issued_at,
  EXISTS (
    SELECT 1 FROM account_change
    WHERE account_change.username = certificate.username AND account_change.kind = 'reissue'
      AND account_change.certificate = certificate.fingerprint
  )::int::bigint AS is_reissued`;
const accountSelection = `username, balance, online_status, (
    SELECT at FROM account_change
    WHERE account_change.username = client.username AND kind = 'closure'
    ORDER BY number LIMIT 1
  ) AS closed_at FROM client`;

/** An open snapshot of a database. */
export class PostgresSnapshot implements LedgerSnapshot, RowSource {
  readonly ledgerId: string;
  /** What messages call the ledger. */
  readonly name: string;
  readonly #session: Session;
  #isClosed = false;
  /** Why a statement failed. The later ones would only say that the transaction is over. */
  #failure: Error | undefined;

  constructor(session: Session, name: string, ledgerId: string) {
    this.#session = session;
    this.name = name;
    this.ledgerId = ledgerId;
  }

  async lastNumber(): Promise<number> {
    const [row] = await this.#all<{ number: StoredValue }>(
      `SELECT greatest(
        (SELECT coalesce(max(number), 0) FROM entry),
        (SELECT coalesce(max(number), 0) FROM account_change)) AS number`,
    );
    return Number(row!.number);
  }

  entries(): AsyncIterable<StoredEntry[]> {
    return this.#numbered(`SELECT ${entrySelection} FROM entry WHERE number > $1`);
  }

  async newestEntriesOf(name: string, limit: number): Promise<StoredEntry[]> {
    const side = (side: string) =>
      `(SELECT ${entrySelection} FROM entry WHERE ${side} = $1 ORDER BY number DESC LIMIT $2)`;
    return await this.#all(
      `${side("payer")} UNION ALL ${side("payee")} ORDER BY number DESC LIMIT $2`,
      name,
      limit,
    );
  }

  async entryByNumber(number: number): Promise<StoredEntry | undefined> {
    return await this.#first(`SELECT ${entrySelection} FROM entry WHERE number = $1`, number);
  }

  async entryById(id: string): Promise<StoredEntry | undefined> {
    return await this.#first(`SELECT ${entrySelection} FROM entry WHERE id = $1`, id);
  }

  changes(name?: string): AsyncIterable<StoredChange[]> {
    const sql = `SELECT ${changeSelection} FROM account_change WHERE number > $1`;
    return name === undefined
      ? this.#numbered(sql)
      : this.#numbered(`${sql} AND username = $3`, name);
  }

  async changesOf(name: string): Promise<StoredChange[]> {
    return await this.#all(
      `SELECT ${changeSelection} FROM account_change WHERE username = $1 ORDER BY number`,
      name,
    );
  }

  async changeByNumber(number: number): Promise<StoredChange | undefined> {
    return await this.#first(
      `SELECT ${changeSelection} FROM account_change WHERE number = $1`,
      number,
    );
  }

  async lastEntryTime({ before }: { readonly before: number }): Promise<StoredValue | undefined> {
    const sql = "SELECT at FROM entry WHERE number < $1 ORDER BY number DESC LIMIT 1";
    return (await this.#first<Pick<StoredEntry, "at">>(sql, before))?.at;
  }

  async entryPage({ after, limit }: PageQuery): Promise<StoredRow[]> {
    return await this.#all(
      `SELECT ${rowSelection} FROM entry WHERE number > $1 ORDER BY number LIMIT $2`,
      after,
      limit,
    );
  }

  async changePage({ after, limit }: PageQuery): Promise<StoredChange[]> {
    return await this.#all(
      `SELECT ${changeSelection} FROM account_change WHERE number > $1 ORDER BY number LIMIT $2`,
      after,
      limit,
    );
  }

  async subtreesOf(numbers: readonly number[]): Promise<Map<number, StoredValue>> {
    const rows = await this.#all<Pick<StoredEntry, "number" | "subtrees">>(
      `SELECT number, encode(subtrees, 'hex') AS subtrees FROM entry
          WHERE number = ANY ($1::bigint[])
        UNION ALL SELECT number, encode(subtrees, 'hex') FROM account_change
          WHERE number = ANY ($1::bigint[])`,
      arrayText(numbers),
    );
    return new Map(rows.map(({ number, subtrees }) => [Number(number), subtrees]));
  }

  async refundsOf(id: string): Promise<Pick<StoredEntry, "number" | "amount">[]> {
    return await this.#all(
      "SELECT number, amount FROM entry WHERE refunds = $1 ORDER BY number",
      id,
    );
  }

  async firstRepetition(): Promise<RepeatedEntry | undefined> {
    return await this.#first(
      `SELECT number, id, entries_before FROM (
          SELECT number, id, row_number() OVER (PARTITION BY id ORDER BY number) AS occurrence,
            row_number() OVER (ORDER BY number) - 1 AS entries_before
          FROM entry
        ) AS numbered WHERE occurrence > 1 ORDER BY number LIMIT 1`,
    );
  }

  async *accounts(): AsyncIterable<StoredAccount[]> {
    const order = "ORDER BY username LIMIT $2";
    let sql = `SELECT ${accountSelection} WHERE username >= $1 ${order}`;
    let after = "";
    while (true) {
      const page = await this.#all<StoredAccount>(sql, after, auditPageRows);
      if (page.length > 0) yield page;
      if (page.length < auditPageRows) return;
      after = storedText(page.at(-1)!.username);
      sql = `SELECT ${accountSelection} WHERE username > $1 ${order}`;
    }
  }

  async account(name: string): Promise<StoredAccount | undefined> {
    return await this.#first(`SELECT ${accountSelection} WHERE username = $1`, name);
  }

  async statesBefore(
    number: number,
    names: readonly string[],
  ): Promise<Map<string, StoredState>> {
    // Not `max`, for which another engine may read all rows of all accounts.
    const isLastBefore = "number < $1 ORDER BY number DESC LIMIT 1";
    const rows = await this.#all<StoredState & { readonly username: StoredValue }>(
      `SELECT username,
          CASE WHEN paid > coalesce(received, 0)
            THEN (SELECT payer_balance FROM entry WHERE number = paid)
            ELSE (SELECT payee_balance FROM entry WHERE number = received) END AS balance,
          (SELECT kind FROM account_change WHERE number = changed) AS change_kind,
          (SELECT certificate FROM account_change WHERE number = changed) AS change_certificate
        FROM (SELECT username,
          (SELECT number FROM entry WHERE payer = client.username AND ${isLastBefore}) AS paid,
          (SELECT number FROM entry WHERE payee = client.username AND ${isLastBefore}) AS received,
          (SELECT number FROM account_change
            WHERE account_change.username = client.username AND ${isLastBefore}) AS changed
          FROM client WHERE username = ANY ($2::text[])) AS last`,
      number,
      arrayText(names),
    );
    return new Map(rows.map(({ username, ...state }) => [storedText(username), state]));
  }

  async certificatePage({ after, limit }: PageQuery): Promise<IssuedCertificate[]> {
    return await this.#all(
      `SELECT ${issuedSelection} FROM certificate WHERE place > $1 ORDER BY place LIMIT $2`,
      after,
      limit,
    );
  }

  async lastCertificatePlace(): Promise<number> {
    const sql = "SELECT coalesce(max(place), 0) AS place FROM certificate";
    return Number((await this.#first<{ place: StoredValue }>(sql))!.place);
  }

  async certificates(fingerprints: readonly string[]): Promise<Map<string, IssuedCertificate>> {
    const rows = await this.#all<IssuedCertificate>(
      `SELECT ${issuedSelection} FROM certificate WHERE fingerprint = ANY ($1::text[])`,
      arrayText(fingerprints),
    );
    return new Map(rows.map((row) => [storedText(row.fingerprint), row]));
  }

  async certificatesOf(
    names: readonly StoredValue[],
  ): Promise<Map<StoredValue, IssuedCertificate[]>> {
    const rows = await this.#all<IssuedCertificate>(
      `SELECT ${issuedSelection} FROM certificate WHERE username = ANY ($1::text[])
        ORDER BY issued_at, place`,
      arrayText(names.map(storedText)),
    );
    const found = new Map<StoredValue, IssuedCertificate[]>(names.map((name) => [name, []]));
    for (const row of rows) found.get(row.username)?.push(row);
    return found;
  }

  async statementBefore(number: number): Promise<StoredValue | undefined> {
    const sql = `SELECT statement_jws FROM account_change
      WHERE number < $1 ORDER BY number DESC LIMIT 1`;
    return (await this.#first<Pick<StoredChange, "statement_jws">>(sql, number))?.statement_jws;
  }

  async *faults(): AsyncIterable<string> {
    yield* this.schemaFaults();
    yield* this.#headFaults();
    // A session with `session_replication_role = replica` writes rows without these checks.
    for (const [table, column, parent, key] of references) {
      const [row] = await this.#all<{ wrong: StoredValue }>(
        `SELECT count(*) AS wrong FROM ${table} WHERE ${column} IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM ${parent} AS parent WHERE parent.${key} = ${table}.${column})`,
      );
      if (row!.wrong !== 0) yield `a row of ${table} refers to one of ${parent} that is not there`;
    }
  }

  /** Servers append to the tree in the table `head`, so it has to be the tree of all rows. */
  async *#headFaults(): AsyncIterable<string> {
    const head = await this.#first<Record<string, StoredValue>>(
      `SELECT number, encode(subtrees, 'hex') AS subtrees, void_number,
        (SELECT coalesce(max(number), 0) FROM voided_order) AS last_voided FROM head WHERE id = 1`,
    );
    if (head === undefined) return yield "the table head has no row";
    let tree: CompactRange;
    try {
      tree = await storedTree(this, await this.lastNumber());
    } catch (error) {
      // The audit of the rows reports this.
      if (error instanceof LedgerError) return;
      throw error;
    }
    if (head.number !== tree.size || head.subtrees !== tree.subtrees.join("")) {
      yield "the table head does not have the tree of all rows";
    }
    if (Number(head.void_number) < Number(head.last_voided)) {
      yield "the number of the last void order in the table head is too low";
    }
  }

  async *schemaFaults(): AsyncIterable<string> {
    const found = await this.#guard(() => readCatalog(this.#session));
    for (const [part, says] of expectedCatalog) {
      if (found.get(part) !== says) yield `the ${part} is missing or was changed`;
    }
    const ours = new Set(expectedCatalog.map(([part]) => part));
    for (const part of found.keys()) {
      if (ours.has(part) || part.startsWith("index ")) continue;
      yield `the ${part} is not one of this program's, and could change what is booked`;
    }
    const sql = "SELECT count(*) AS others FROM ledger WHERE id <> $1";
    const others = await this.#first<{ others: StoredValue }>(sql, this.ledgerId);
    if (others!.others !== 0) yield "the table ledger says that it is another ledger as well";
  }

  async *rows(table: LedgerTable, columns: readonly string[]): AsyncIterable<CopiedRow[]> {
    const key = orderOf[table];
    const selection = `SELECT ${columns.join(", ")}, ${key} AS row_key FROM ${table}`;
    const order = `ORDER BY ${key} LIMIT $1`;
    let page: CopiedRow[] = await this.#all(
      `${selection} ${order}`,
      auditPageRows,
    );
    while (page.length > 0) {
      yield page;
      if (page.length < auditPageRows) return;
      const after = page.at(-1)!.row_key as Parameter;
      page = await this.#all(`${selection} WHERE ${key} > $2 ${order}`, auditPageRows, after);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#session.close();
  }

  /** Yields pages of rows by number. The statement takes $1, the last number, and $2, the limit. */
  async *#numbered<Row extends { readonly number: StoredValue }>(
    sql: string,
    ...values: Parameter[]
  ): AsyncGenerator<Row[]> {
    let after: Parameter = -(2n ** 63n);
    while (true) {
      const text = `${sql} ORDER BY number LIMIT $2`;
      const page: Row[] = await this.#all(text, after, auditPageRows, ...values);
      if (page.length > 0) yield page;
      if (page.length < auditPageRows) return;
      after = page.at(-1)!.number as Parameter;
    }
  }

  async #first<Row>(sql: string, ...values: Parameter[]): Promise<Row | undefined> {
    return (await this.#all<Row>(sql, ...values))[0];
  }

  async #all<Row>(sql: string, ...values: Parameter[]): Promise<Row[]> {
    return await this.#guard(async () => await this.#session.query(sql, values) as Row[]);
  }

  async #guard<Result>(read: () => Promise<Result>): Promise<Result> {
    const attempt = `cannot read the ledger ${this.name}`;
    if (this.#isClosed) throw new LedgerError(`${attempt}: it was closed`);
    try {
      return await read();
    } catch (error) {
      throw this.#failure ??= ledgerErrorOf(attempt, error);
    }
  }
}

/** The order in which a file holds the rows of a table. */
const orderOf: Readonly<Record<LedgerTable, string>> = {
  client: "username",
  certificate: "place",
  entry: "number",
  account_change: "number",
  voided_order: "number",
  void_floor: "payer",
  invitation: "number",
};

/** The references between tables: a column, and the key that its values are of. */
const references = [
  ["certificate", "username", "client", "username"],
  ["account_change", "username", "client", "username"],
  ["account_change", "certificate", "certificate", "fingerprint"],
  ["entry", "payer", "client", "username"],
  ["entry", "payee", "client", "username"],
  ["entry", "refunds", "entry", "id"],
  ["entry", "certificate", "certificate", "fingerprint"],
] as const;
