/** Finds out which ledger a database has, makes one in an empty database, and checks its server. */
import { FileError, LedgerError, MicropayError } from "../../errors.ts";
import { databaseAnswerMsMax } from "../../limits.ts";
import { DatabaseTlsError } from "./database_socket.ts";
import { postgresSchema, postgresSchemaVersion, type SchemaOptions } from "./schema.ts";
import {
  type DatabaseAccess,
  type Row,
  Session,
  SessionLostError,
  type SessionOptions,
} from "./session.ts";
import { postgresCondition, reasonOf, sqlState } from "./postgres_error.ts";

/** The oldest PostgreSQL that is used, as its `server_version_num`. */
const versionMin = 130000;

/**
 * Opens a session to a database that may be used for a ledger.
 *
 * It pins `synchronous_commit` for the session, because a later change of the server's files must
 * not make commits unsafe.
 *
 * @throws {LedgerError} when the server is too old, or does not keep a commit over a power cut
 * @throws as {@link Session.open}
 */
export async function openSession(
  access: DatabaseAccess,
  options: SessionOptions,
): Promise<Session> {
  const session = await Session.open(access, options);
  try {
    const [row] = await session.query(
      `SELECT current_setting('server_version_num', true) AS version,
        current_setting('synchronous_commit', true) AS commits,
        coalesce(current_setting('synchronous_standby_names', true), '') AS standbys`,
    );
    requireServer(row!, `cannot open the ledger ${access.url.text}`);
    await session.set({ synchronous_commit: row!.commits as string | null });
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

function requireServer({ version, commits, standbys }: Row, attempt: string): void {
  if (Number(version) < versionMin) {
    throw new LedgerError(`${attempt}: its server is older than PostgreSQL 13; upgrade it`);
  }
  const isUnsafe = commits === "off" || (commits === "local" && standbys !== "");
  if (!isUnsafe) return;
  throw new LedgerError(
    `${attempt}: its synchronous_commit is ${commits}, so a payment could be lost after its receipt; set it to on`,
  );
}

/**
 * Returns the identifier of the ledger in a database, or `undefined` when the database has no
 * tables at all.
 *
 * @param options.allowsUnfinished whether a copy is accepted that was not finished. It must not be
 * written.
 * @throws {LedgerError} when it belongs to another program, is of another schema version, or is an
 * unfinished copy
 */
export async function identifyDatabase(
  session: Session,
  attempt: string,
  { allowsUnfinished = false }: { readonly allowsUnfinished?: boolean } = {},
): Promise<string | undefined> {
  // Not `information_schema.tables`, which leaves out tables that the user may not read.
  const rows = await session.query(
    `SELECT relname::text AS table_name FROM pg_catalog.pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')`,
  );
  if (rows.length === 0) return undefined;
  const tables = new Set(rows.map((row) => row.table_name));
  if (!["ledger", "head", "entry", "client"].every((table) => tables.has(table))) {
    throw new LedgerError(
      `${attempt}: it is a database of another program; make a database for the ledger alone`,
    );
  }
  const [row] = await session.query("SELECT * FROM ledger");
  if (typeof row?.id !== "string") {
    throw new LedgerError(`${attempt}: it has no ledger identifier; put a backup in its place`);
  }
  if (row.version !== postgresSchemaVersion) {
    throw new LedgerError(
      `${attempt}: a newer micropay wrote it (schema ${row.version}, this one knows ` +
        `${postgresSchemaVersion}); use that version`,
    );
  }
  if (row.unfinished !== 0 && !allowsUnfinished) {
    throw new LedgerError(
      `${attempt}: it has a copy of a ledger that was not finished; empty it with dropdb and ` +
        "createdb, and copy the ledger again",
    );
  }
  return row.id;
}

/**
 * Makes the ledger's tables in an empty database. Of several processes one makes them, and the
 * others wait until it has.
 *
 * @returns the identifier that the ledger has then
 * @throws {FileError} when the connection is lost meanwhile
 * @throws the server's error, as when the user may not make tables
 */
export async function createSchema(
  session: Session,
  ledgerId: string,
  attempt: string,
): Promise<string> {
  const options = await schemaOptions(session);
  try {
    await session.query("BEGIN");
    for (const statement of postgresSchema(ledgerId, options)) await session.query(statement);
    await session.commit();
  } catch (error) {
    if (error instanceof SessionLostError) {
      throw new FileError(
        `${attempt}: the database did not confirm its tables: ${reasonOf(error.cause)}; if ` +
          "synchronous_standby_names is set, start the standby or empty that setting, and try again",
        { cause: error },
      );
    }
    await session.query("ROLLBACK");
    // Another process made the same tables first, or is in conflict with this one.
    const isRace = duplicates.includes(sqlState(error) ?? "") ||
      postgresCondition(error) === "conflict";
    if (!isRace) throw error;
  }
  return await identifyDatabase(session, attempt) ??
    await createSchema(session, ledgerId, attempt);
}

/** Returns how the schema has to be for the engine of a session. */
export async function schemaOptions(session: Session): Promise<SchemaOptions> {
  const [row] = await session.query("SELECT current_setting('crdb_version', true) AS cockroach");
  return { sortsByBytes: typeof row?.cockroach === "string" };
}

/** unique_violation, duplicate_table, duplicate_object */
export const duplicates = ["23505", "42P07", "42710"];

/**
 * Returns the identifier of the ledger in a database, or `undefined` when it has no tables.
 *
 * @throws {MicropayError} as {@link openingError} makes it
 */
export async function ledgerIdIn(access: DatabaseAccess): Promise<string | undefined> {
  try {
    const session = await openSession(access, { answerMsMax: databaseAnswerMsMax });
    try {
      return await identifyDatabase(session, `cannot open the ledger ${access.url.text}`);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw openingError(access, error);
  }
}

/** Throws unless the ledger belongs to the expected CA. */
export function requireLedgerId(found: string, expected: string, attempt: string): void {
  if (found === expected) return;
  throw new LedgerError(
    `${attempt}: it belongs to the CA ${found.slice(0, 16)}…, not to ${expected.slice(0, 16)}…; ` +
      "use the certificates it was made with, or another database",
  );
}

/**
 * Throws unless the user may write the ledger, so that a server does not start in vain.
 *
 * @throws {LedgerError} when it has no right to add entries
 */
export async function requireWritable(session: Session, attempt: string): Promise<void> {
  const [row] = await session.query(
    "SELECT has_table_privilege('entry', 'INSERT')::int AS granted",
  );
  if (row?.granted !== 1) {
    throw new LedgerError(`${attempt}: its user may only read it${missingRights}`);
  }
}

/** Returns the error of a failed opening, in one line that says what to do. */
export function openingError(access: DatabaseAccess, cause: unknown): MicropayError {
  if (cause instanceof MicropayError) return cause;
  const attempt = `cannot open the ledger ${access.url.text}`;
  const options = { cause };
  if (cause instanceof DatabaseTlsError) {
    const advice = cause.message.includes("UnknownIssuer")
      ? "; name the file of its CA with sslrootcert in the URL"
      : "";
    return new FileError(`${attempt}: ${cause.message}${advice}`, options);
  }
  if (cause instanceof SessionLostError) {
    return new FileError(`${attempt}: ${cause.message}: ${reasonOf(cause.cause)}`, options);
  }
  const state = sqlState(cause);
  if (state === "28000" && !access.url.isEncrypted) {
    const demand = "check the server's pg_hba.conf, whose hostssl lines demand sslmode=verify-full";
    return new FileError(`${attempt}: ${reasonOf(cause)}; ${demand} in the URL`, options);
  }
  const advice = state === undefined
    ? "; is it running there?"
    : openingAdvice[state] ?? openingAdvice[state.slice(0, 2)] ?? "";
  return new FileError(`${attempt}: ${reasonOf(cause)}${advice}`, options);
}

const missingRights =
  "; its owner makes the tables with micropay ledger create, and grants rights " +
  "to the user";

/** What to do about a refused opening, by SQLSTATE or its class. */
const openingAdvice: Readonly<Record<string, string>> = {
  "28P01": "; check the password file: PGPASSFILE or MICROPAY_DB_PASSWORD_FILE",
  "28": "; check the URL's user and database, and the server's pg_hba.conf",
  "3D000": "; make it with createdb",
  // Also without any right in the schema: then there is no schema that tables could be made in.
  "42501": missingRights,
  "3F000": missingRights,
  "53300": "; raise its max_connections or the user's limit, or end other programs",
  "53100": "; free some room on its disk",
  "25006": "; name the primary, too",
};
