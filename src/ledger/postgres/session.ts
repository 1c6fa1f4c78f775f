/**
 * A session: one connection to a database, for one transaction at a time. Statements that are sent
 * without waiting travel together, and are answered in their order.
 *
 * A lost session stays lost. The driver would connect again on its own, and then run the rest of a
 * transaction outside of it.
 */
import postgres from "postgres";
import type { CancelTimer, Clock } from "../../clock.ts";
import { databaseConnectMsMax } from "../../limits.ts";
import type { StoredValue } from "../snapshot.ts";
import { allAnswers } from "./answers.ts";
import { connectSocket, type DatabaseSocket } from "./database_socket.ts";
import type { DatabaseHost, DatabaseUrl } from "./database_url.ts";
import type { PasswordFinder } from "./password_file.ts";
import { postgresCondition, sqlState } from "./postgres_error.ts";

/** A row by column name. */
export type Row = Record<string, StoredValue>;

/** A value of a statement's parameter. Arrays are texts: see {@link arrayText}. */
export type Parameter = string | number | bigint | null | Uint8Array;

/** Where sessions go, and what they need. */
export interface DatabaseAccess {
  readonly url: DatabaseUrl;
  readonly passwordOf: PasswordFinder;
  readonly clock: Clock;
}

export interface SessionOptions {
  /** Longest silence of the server while it owes an answer. Past it the session is cut. */
  readonly answerMsMax: number;
  /**
   * Whether a statement may run for hours. Past {@link answerMsMax} the session is cut then only if
   * the server does not answer a new connection either. Deadlines of the server do not apply.
   */
  readonly mayTakeLong?: boolean;
  /** Whether the session only reads, so that a standby will do. */
  readonly isReadOnly?: boolean;
  /** Settings of the server for this session. Engines that do not have one go on without it. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Is told the text of each notification, when the session listens. */
  readonly onNotification?: (text: string) => void;
}

/** The session is lost, and the outcome of what was not answered is unknown. */
export class SessionLostError extends Error {
  /** @param cause why it is lost */
  constructor(cause: unknown) {
    super("the connection to the database is lost", { cause });
  }
}

interface SessionParts {
  readonly socket: DatabaseSocket;
  readonly host: DatabaseHost;
  readonly password: string;
  readonly options: SessionOptions;
}

export class Session {
  readonly #sql: ReturnType<typeof postgres>;
  readonly #access: DatabaseAccess;
  readonly #parts: SessionParts;
  /** Rejects the statements that are not answered yet. */
  readonly #unanswered = new Set<(error: unknown) => void>();
  #cancelDeadline: CancelTimer = () => {};
  #isFlushing = false;
  #isWarned = false;
  #timeline = 0;
  #loss: SessionLostError | undefined;

  /** Takes over a connected socket. Callers use {@link Session.open}. */
  constructor(access: DatabaseAccess, parts: SessionParts) {
    this.#access = access;
    this.#parts = parts;
    this.#sql = postgres({
      ...driverOptions(access, parts),
      onnotice: ({ severity }) => {
        if (severity === "WARNING") this.#isWarned = true;
      },
    });
    parts.socket.ended.then((reason) => this.#lose(new Error(reason)));
  }

  /**
   * Connects to the host that takes writes, or to a standby if the session only reads. Of several
   * hosts it asks all, because an old primary that is back takes writes, too. The host with the
   * newest timeline is the one that was promoted last.
   *
   * @throws {DatabaseTlsError} as {@link connectSocket}
   * @throws the error of the server or the connection, of the host that came furthest
   */
  static async open(access: DatabaseAccess, options: SessionOptions): Promise<Session> {
    const { hosts } = access.url;
    const opened = await Promise.allSettled(hosts.map((host) => openAt(access, host, options)));
    const sessions = opened.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    if (sessions.length === 0) {
      throw opened.map((one) => (one as PromiseRejectedResult).reason as unknown)
        .reduce((failure, error) => saysMore(error, failure) ? error : failure);
    }
    const newest = sessions.reduce((one, next) => next.timeline > one.timeline ? next : one);
    for (const session of sessions) if (session !== newest) session.destroy();
    return newest;
  }

  /**
   * How often a standby had been promoted when this host began to take writes, plus one. Zero where
   * the URL has one host, or the engine has no timelines.
   */
  get timeline(): number {
    return this.#timeline;
  }

  /** Whether the connection is gone. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /**
   * Runs a statement, after those before it. Parameters are `$1`, `$2` and so on.
   *
   * @throws {SessionLostError} when the session is lost
   * @throws the server's error
   */
  async query(text: string, parameters: readonly Parameter[] = []): Promise<Row[]> {
    return [...await this.#run(text, parameters)];
  }

  /**
   * Ends a transaction.
   *
   * @throws {Error} when the server undid it, because one of its statements had failed
   * @throws {SessionLostError} when the server did not wait for its synchronous standby, because
   * somebody cancelled the wait. The answer is a success then, with a warning.
   */
  async commit(): Promise<void> {
    this.#isWarned = false;
    const { command } = await this.#run("COMMIT", []);
    if (command !== "COMMIT") throw new Error(`the server answered COMMIT with ${command}`);
    if (this.#isWarned) throw this.#lose(new Error("the server did not wait for its standby"));
  }

  /**
   * Finds out the timeline of a host that takes writes.
   *
   * @throws as {@link query}
   */
  async readTimeline(): Promise<void> {
    try {
      const [row] = await this.query("SELECT pg_walfile_name(pg_current_wal_lsn()) AS file");
      this.#timeline = parseInt(String(row!.file).slice(0, 8), 16);
    } catch (error) {
      // undefined_function: other engines have no timelines.
      if (sqlState(error) !== "42883") throw error;
    }
  }

  /** Makes settings of the server for this session. Engines do not have every setting. */
  async set(settings: Readonly<Record<string, string | null>>): Promise<void> {
    await this.query(
      `SELECT set_config(name, value, false)
        FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
        WHERE current_setting(name, true) IS NOT NULL`,
      [arrayText(Object.keys(settings)), arrayText(Object.values(settings))],
    );
  }

  /** Runs statements without parameters, each in a message of its own. */
  async run(...statements: readonly string[]): Promise<void> {
    await allAnswers(statements.map((text) => this.query(text)));
  }

  /** Ends the session when the server has answered everything, and waits for the end. */
  async close(): Promise<void> {
    const { socket } = this.#parts;
    if (!this.isLost) {
      // The end has the same deadline as an answer.
      this.#unanswered.add(() => {});
      this.#restartDeadline();
      await Promise.race([this.#sql.end(), socket.ended]);
    }
    await socket.ended;
  }

  /** Ends the session now. */
  destroy(): void {
    this.#lose(new Error("the session was cut"));
  }

  async #run(text: string, parameters: readonly Parameter[]) {
    // The driver must not see a statement after the end of its connection: it would wait for ever.
    if (this.#loss !== undefined) throw this.#loss;
    const answer = Promise.withResolvers<postgres.RowList<Row[]>>();
    this.#unanswered.add(answer.reject);
    if (this.#unanswered.size === 1) this.#restartDeadline();
    this.#send(text, parameters).then(answer.resolve, answer.reject);
    this.#flush();
    try {
      return await answer.promise;
    } catch (error) {
      if (error instanceof postgres.PostgresError) throw error;
      throw this.#lose(error);
    } finally {
      this.#unanswered.delete(answer.reject);
      this.#cancelDeadline();
      if (this.#unanswered.size > 0) this.#restartDeadline();
    }
  }

  #send(text: string, parameters: readonly Parameter[]): Promise<postgres.RowList<Row[]>> {
    return this.#sql.unsafe<Row[]>(text, parameters as never[], {
      prepare: true,
      // All others take the extended protocol, and are prepared once.
      ...{ simple: simpleStatements.includes(text) },
    });
  }

  /** Makes the driver send the statements of this turn now, where it would wait. */
  #flush(): void {
    if (!isImmediateSlow || this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      if (this.isLost) return;
      this.#send(emptyStatement, []).catch(() => {});
    });
  }

  /** Ends the session for a reason, unless it is lost. Returns the error of its statements. */
  #lose(cause: unknown): SessionLostError {
    if (this.#loss !== undefined) return this.#loss;
    const loss = this.#loss = new SessionLostError(cause);
    this.#cancelDeadline();
    this.#parts.socket.destroy();
    for (const reject of this.#unanswered) reject(loss);
    return loss;
  }

  #restartDeadline(): void {
    this.#cancelDeadline();
    if (this.isLost) return;
    const { answerMsMax, mayTakeLong } = this.#parts.options;
    let isOver = false;
    const cancel = this.#access.clock.schedule(answerMsMax, async () => {
      const isThere = mayTakeLong === true && await answers(this.#access, this.#parts.host);
      // An answer came meanwhile.
      if (isOver) return;
      if (isThere) this.#restartDeadline();
      else this.#lose(new Error(`the server was silent for ${answerMsMax} ms`));
    });
    this.#cancelDeadline = () => {
      isOver = true;
      cancel();
    };
  }
}

/** Returns whether the server of a host answers a new connection, if only with an error. */
async function answers(access: DatabaseAccess, host: DatabaseHost): Promise<boolean> {
  const options = { answerMsMax: databaseConnectMsMax, isReadOnly: true };
  try {
    await (await openAt(access, host, options)).close();
    return true;
  } catch (error) {
    return error instanceof postgres.PostgresError;
  }
}

/**
 * Whether `setImmediate` takes a millisecond or longer, as before Deno 2.6. The driver uses it to
 * collect up to 1 KiB before it writes.
 */
const isImmediateSlow = /^2\.[45]\./.test(Deno.version.deno);

/** Fills the 1 KiB. The server answers that it is empty. */
const emptyStatement = " ".repeat(1024);

/** They have neither parameters nor rows. */
const simpleStatements = ["BEGIN", "COMMIT", "ROLLBACK", emptyStatement];

/** Returns an array of PostgreSQL as the text that a parameter takes. */
export function arrayText(values: readonly (string | number | null)[]): string {
  const texts = values.map((value) => {
    if (value === null) return "NULL";
    return typeof value === "number" ? String(value) : `"${value.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${texts.join(",")}}`;
}

/** What the statements rely on, whatever the defaults of the role and the database are. */
const fixedSettings = {
  // Otherwise PostgreSQL reads NULL in an array as a text.
  array_nulls: "on",
  // The driver reads bytes as hexadecimal digits.
  bytea_output: "hex",
  // A warning says that a COMMIT did not wait for its standby.
  client_min_messages: "warning",
  // Both change how the catalog describes the tables.
  quote_all_identifiers: "off",
  standard_conforming_strings: "on",
};

/** No deadlines for what may take hours, as in `pg_dump`. */
const unlimited = {
  idle_in_transaction_session_timeout: "0",
  lock_timeout: "0",
  statement_timeout: "0",
  transaction_timeout: "0",
};

async function openAt(
  access: DatabaseAccess,
  host: DatabaseHost,
  options: SessionOptions,
): Promise<Session> {
  const { url, clock, passwordOf } = access;
  const password = passwordOf(url, host) ?? "";
  const late = new AbortController();
  let session: Session | undefined;
  let cancel: CancelTimer = () => {};
  const deadline = new Promise<never>((_, reject) => {
    cancel = clock.schedule(databaseConnectMsMax, () => {
      late.abort();
      session?.destroy();
      reject(new Error(`${host.host}:${host.port} did not answer`));
    });
  });
  const opening = (async () => {
    const socket = await connectSocket(url, host, late);
    session = new Session(access, { socket, host, password, options });
    // The deadline may have passed just before, when there was no session to end.
    if (late.signal.aborted) session.destroy();
    const { mayTakeLong, settings } = options;
    const [[row]] = await allAnswers<unknown>([
      session.query("SHOW transaction_read_only"),
      session.set({ ...fixedSettings, ...(mayTakeLong && unlimited), ...settings }),
    ]) as [Row[]];
    if (row?.transaction_read_only !== "on") {
      if (url.hosts.length > 1) await session.readTimeline();
    } else if (!options.isReadOnly) {
      throw readOnlyError(`${host.host}:${host.port} is read-only`);
    }
    return session;
  })();
  try {
    return await Promise.race([opening, deadline]);
  } catch (error) {
    opening.catch(() => {});
    session?.destroy();
    throw error instanceof SessionLostError && error.cause !== undefined ? error.cause : error;
  } finally {
    cancel();
  }
}

/** Returns the error of a host that must not be written to. It has PostgreSQL's code for that. */
export function readOnlyError(text: string): Error {
  return Object.assign(new Error(text), { code: "25006" });
}

/** Returns whether an error of a host says more than that it cannot be reached or written. */
function saysMore(error: unknown, than: unknown): boolean {
  const isAnswer = (one: unknown) =>
    postgresCondition(one) !== "unavailable" || "code" in Object(one);
  return isAnswer(error) && !isAnswer(than);
}

function driverOptions(
  { url }: DatabaseAccess,
  { socket, host, password, options: { onNotification = () => {} } }: SessionParts,
): postgres.Options<Record<string, postgres.PostgresType>> {
  const all = {
    // Every option is given, so that the driver reads no environment variable for it.
    host: host.host,
    port: host.port,
    user: url.user,
    database: url.database,
    // A function, because for an empty text the driver reads an environment variable.
    pass: () => password,
    max: 1,
    ssl: false,
    sslnegotiation: null,
    idle_timeout: null,
    connect_timeout: 0,
    max_lifetime: null,
    max_pipeline: 1000,
    backoff: 0,
    keep_alive: 0,
    prepare: true,
    debug: false,
    fetch_types: false,
    no_subscribe: true,
    publications: "none",
    // Not true for the driver, which then leaves the check to `openAt`.
    target_session_attrs: undefined,
    onnotify: (_channel: string, text: string) => onNotification(text),
    connection: { application_name: url.applicationName },
    types: {
      integer: {
        to: 20,
        from: [20],
        serialize: String,
        parse: (text: string) => {
          const number = Number(text);
          return Number.isSafeInteger(number) ? number : BigInt(text);
        },
      },
    },
    socket: () => socket,
  };
  return all as unknown as postgres.Options<Record<string, postgres.PostgresType>>;
}
