/**
 * A copy of a ledger that a database receives. It is marked as unfinished from its first statement
 * on, and no server opens it until the mark is gone.
 */
import { encodeHex } from "@std/encoding/hex";
import { LedgerError, messageOf, UndecidedChangeError } from "../../errors.ts";
import {
  copyPipelineMax,
  copyStatementRows,
  databaseAnswerMsMax,
  serverAbsenceMsMax,
} from "../../limits.ts";
import {
  brokenRow,
  type CopiedRow,
  copyRows,
  type LedgerTable,
  type RowSource,
} from "../row_copy.ts";
import { storedTree } from "../stored_tree.ts";
import {
  duplicates,
  identifyDatabase,
  openingError,
  openSession,
  schemaOptions,
} from "./identify_database.ts";
import { ledgerErrorOf, postgresCondition, reasonOf, sqlState } from "./postgres_error.ts";
import { postgresSchema, schemaParts } from "./schema.ts";
import {
  arrayText,
  type DatabaseAccess,
  type Row,
  type Session,
  SessionLostError,
} from "./session.ts";
import { insertMany, isServerPresent } from "./statements.ts";
import { subtreesOf } from "./tree_nodes.ts";

export interface CopyTargetOptions {
  readonly access: DatabaseAccess;
  readonly ledgerId: string;
  /** The start of an error's text, as in "cannot copy the ledger server.db to postgres://…". */
  readonly attempt: string;
}

/**
 * The unfinished copy in a database. Disposing of it empties the database, unless it is finished.
 */
export class PostgresCopyTarget implements AsyncDisposable {
  readonly #session: Session;
  readonly #options: CopyTargetOptions;
  #isFinished = false;

  private constructor(session: Session, options: CopyTargetOptions) {
    this.#session = session;
    this.#options = options;
  }

  /**
   * Makes the tables of a ledger in an empty database.
   *
   * @throws {LedgerError} when the database is not empty
   * @throws {FileError} when it cannot be reached or refuses the user
   */
  static async make(options: CopyTargetOptions): Promise<PostgresCopyTarget> {
    const { access, attempt, ledgerId } = options;
    let session: Session | undefined;
    try {
      // It makes the indexes of large tables.
      session = await openSession(access, {
        answerMsMax: databaseAnswerMsMax,
        mayTakeLong: true,
      });
      const found = await identifyDatabase(session, attempt);
      if (found !== undefined) throw notEmpty(attempt);
      const schema = schemaParts(ledgerId, await schemaOptions(session));
      await session.run(
        "BEGIN",
        ...schema.tables,
        "UPDATE ledger SET unfinished = 1",
        // The source has its own row for the issuing account.
        "DELETE FROM client",
      );
      await session.commit();
      return new PostgresCopyTarget(session, options);
    } catch (error) {
      session?.destroy();
      if (duplicates.includes(sqlState(error) ?? "")) throw notEmpty(attempt);
      throw openingError(access, error);
    }
  }

  /**
   * Copies all rows, and then makes indexes and triggers.
   *
   * @throws as {@link copyRows}
   */
  async fill(source: RowSource, onRows?: (rows: number) => void): Promise<void> {
    const { ledgerId, attempt } = this.#options;
    const writer = new RowWriter(this.#session, source.name);
    try {
      await copyRows(source, writer, onRows);
      await writer.flush();
      await this.#session.run(...schemaParts(ledgerId).guards);
      await this.#setHead();
    } catch (error) {
      throw error instanceof LedgerError || sqlState(error) === undefined && !this.#session.isLost
        ? error
        : ledgerErrorOf(attempt, error);
    }
  }

  /**
   * Makes it a ledger that servers may open.
   *
   * @throws {UndecidedChangeError} when the database does not answer that, or does not wait for its
   * standby
   */
  async finish(): Promise<void> {
    try {
      await this.#session.run("BEGIN", "UPDATE ledger SET unfinished = 0");
      await this.#session.commit();
    } catch (error) {
      const { access, attempt } = this.#options;
      if (!(error instanceof SessionLostError)) throw ledgerErrorOf(attempt, error);
      throw new UndecidedChangeError(
        `${attempt}: the database did not confirm the last commit: ${reasonOf(error.cause)}. ` +
          `When it is back, run micropay ledger create --db ${access.url.text}: it says whether ` +
          "the copy is finished",
        { cause: error },
      );
    }
    this.#isFinished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#isFinished) await this.#drop();
    } catch {
      // Without a connection the mark remains, and says what to do.
    } finally {
      await this.#session.close();
    }
  }

  async #drop(): Promise<void> {
    await this.#session.run(
      "BEGIN",
      `DROP TABLE ${this.#names("TABLE").join(", ")}`,
      ...this.#names("FUNCTION").map((name) => `DROP FUNCTION IF EXISTS ${name}()`),
    );
    await this.#session.commit();
  }

  /** Returns the names of the tables or functions of a ledger. */
  #names(what: "TABLE" | "FUNCTION"): string[] {
    const pattern = new RegExp(`^CREATE ${what} (\\w+)`);
    return postgresSchema(this.#options.ledgerId)
      .flatMap((statement) => pattern.exec(statement)?.[1] ?? []);
  }

  /** Writes the tree of all rows, to which servers append, and gives the planner its figures. */
  async #setHead(): Promise<void> {
    const session = this.#session;
    const [row] = await session.query(
      `SELECT greatest(
          (SELECT coalesce(max(number), 0) FROM entry),
          (SELECT coalesce(max(number), 0) FROM account_change)) AS size,
        (SELECT coalesce(max(number), 0) FROM voided_order) AS voided`,
    );
    const stored = { subtreesOf: (numbers: readonly number[]) => subtreesOf(session, numbers) };
    const { size, subtrees } = await storedTree(stored, Number(row!.size));
    await session.query(
      `UPDATE head SET number = $1, subtrees = decode($2, 'hex'), void_number = $3`,
      [size, subtrees.join(""), row!.voided as number],
    );
    await session.run(...this.#names("TABLE").map((name) => `ANALYZE ${name}`));
  }
}

function notEmpty(attempt: string): LedgerError {
  return new LedgerError(
    `${attempt}: the database has a ledger already; make an empty one with createdb`,
  );
}

/** Collects rows and inserts many at once. */
class RowWriter {
  readonly #session: Session;
  readonly #source: string;
  readonly #tables = new Map<LedgerTable, TableRows>();
  readonly #sent: Promise<void>[] = [];

  constructor(session: Session, source: string) {
    this.#session = session;
    this.#source = source;
  }

  async columnsOf(table: LedgerTable): Promise<string[]> {
    // The rows of this table may refer to all before.
    await this.flush();
    const rows = await this.#session.query(
      `SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`,
      [table],
    );
    const columns = Object.fromEntries(
      rows.map(({ column_name, data_type }) => [String(column_name), String(data_type)]),
    );
    this.#tables.set(table, { columns, rows: [] });
    return Object.keys(columns);
  }

  async add(table: LedgerTable, added: readonly CopiedRow[]): Promise<void> {
    const { rows } = this.#tables.get(table)!;
    rows.push(...added);
    if (rows.length >= copyStatementRows) await this.#send(table);
  }

  /** Inserts what was collected. */
  async flush(): Promise<void> {
    for (const table of this.#tables.keys()) await this.#send(table);
    await Promise.all(this.#sent.splice(0));
  }

  /** Sends rows, as soon as fewer than {@link copyPipelineMax} statements are on their way. */
  async #send(table: LedgerTable): Promise<void> {
    const { columns, rows } = this.#tables.get(table)!;
    if (rows.length === 0) return;
    if (this.#sent.length >= copyPipelineMax) await this.#sent.shift();
    const arrays = Object.entries(columns).map(([name, type]) =>
      arrayText(rows.map((row) => this.#parameter(row[name]!, { table, type })))
    );
    rows.length = 0;
    const sent = this.#session.query(insertMany(table, columns), arrays).then(() => {}, (error) => {
      if (postgresCondition(error) !== "refused") throw error;
      throw brokenRow(this.#source, { table, reason: messageOf(error), cause: error });
    });
    // It is awaited later.
    sent.catch(() => {});
    this.#sent.push(sent);
  }

  #parameter(
    value: CopiedRow[string],
    { table, type }: { readonly table: LedgerTable; readonly type: string },
  ): string | number | null {
    if (typeof value === "bigint") return String(value);
    if (!(value instanceof Uint8Array)) return value;
    // A copy, because the encoder takes over its memory, and the driver's is part of a page.
    if (type === "bytea") return encodeHex(new Uint8Array(value));
    throw brokenRow(this.#source, { table, reason: "a text has a NUL" });
  }
}

interface TableRows {
  /** The type of each column. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: CopiedRow[];
}

/**
 * Watches that nobody writes a ledger while it is copied.
 *
 * @returns a function that throws as this one, when anybody did since
 * @throws {LedgerError} when a server uses the ledger
 */
export async function watchWriters(
  access: DatabaseAccess,
  attempt: string,
): Promise<() => Promise<void>> {
  const before = await readState(access, attempt);
  return async () => {
    if (await readState(access, attempt) === before) return;
    throw new LedgerError(`${attempt}: somebody wrote the ledger meanwhile; copy it again`);
  };
}

/** Returns a text that each new account, booking, void order, change and invitation changes. */
async function readState(access: DatabaseAccess, attempt: string) {
  const { state, servers, connected } = await readWriters(access, attempt);
  if (servers !== 0) {
    const seconds = serverAbsenceMsMax / 1000;
    throw new LedgerError(
      `${attempt}: a server uses it; stop all its servers first, and wait ${seconds} seconds for ` +
        "one that was killed",
    );
  }
  // A frozen server gives no sign of life, and would write on when it is woken.
  if (connected !== 0) {
    throw new LedgerError(
      `${attempt}: a server that gives no sign of life is connected to it, and would write it ` +
        "later; end that server, or its connections with pg_terminate_backend",
    );
  }
  return state;
}

/** Returns the state, the number of servers that are alive, and that of connected ones. */
async function readWriters(access: DatabaseAccess, attempt: string): Promise<Row> {
  try {
    const session = await openSession(access, { answerMsMax: databaseAnswerMsMax });
    try {
      if (await identifyDatabase(session, attempt) === undefined) {
        throw new LedgerError(`${attempt}: ${access.url.text} is empty`);
      }
      const [row] = await session.query(
        `SELECT concat_ws(' ', head.number, void_number, (SELECT max(place) FROM certificate),
              (SELECT concat_ws(' ', count(*), sum(uses), count(revoked_at)) FROM invitation))
            AS state,
            (SELECT count(*) FROM server WHERE ${isServerPresent}) AS servers,
            (SELECT count(*) FROM pg_catalog.pg_stat_activity
              WHERE datname = current_database() AND application_name LIKE '% decisions')
            AS connected
          FROM head WHERE id = 1`,
      );
      return row!;
    } finally {
      await session.close();
    }
  } catch (error) {
    throw openingError(access, error);
  }
}
