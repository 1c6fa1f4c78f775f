/**
 * A PostgreSQL of the tests, in a temporary folder and on loopback. It never runs as root, which
 * PostgreSQL refuses.
 */
import { systemClock } from "../../../src/clock.ts";
import { type DatabaseUrl, parseDatabaseUrl } from "../../../src/ledger/postgres/database_url.ts";
import { createSchema } from "../../../src/ledger/postgres/identify_database.ts";
import { postgresSchema } from "../../../src/ledger/postgres/schema.ts";
import { type DatabaseAccess, Session } from "../../../src/ledger/postgres/session.ts";
import { postgresTool } from "../../installed_tool.ts";
import { ledgerId } from "../ledger_samples.ts";

export interface PostgresOptions {
  /** Lines of `postgresql.conf`. */
  readonly settings?: readonly string[];
  /** Lines of `pg_hba.conf`. By default everybody on loopback connects without a password. */
  readonly access?: readonly string[];
}

const userText = "micropay";

/** A running PostgreSQL. */
export class TemporaryPostgres {
  readonly folder: string;
  readonly port: number;
  #databases = 0;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /**
   * Makes and starts a PostgreSQL. Its commits are not written through, unless settings say so.
   * Nothing of it has to survive a power cut or grow old, so it does no work for either.
   */
  static async start(options: PostgresOptions = {}): Promise<TemporaryPostgres> {
    const folder = await Deno.makeTempDir({ prefix: "micropay-postgres-" });
    if (Deno.uid() === 0) run("chown", ["postgres", folder]);
    const initialize = ["-U", userText, "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"];
    runTool("initdb", ["-D", `${folder}/data`, ...initialize]);
    const settings = [
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${folder}'`,
      "fsync = off",
      "full_page_writes = off",
      "autovacuum = off",
      "shared_buffers = 16MB",
      "max_connections = 60",
      ...options.settings ?? [],
    ];
    write(`${folder}/data/postgresql.auto.conf`, settings);
    if (options.access !== undefined) write(`${folder}/data/pg_hba.conf`, options.access);
    const postgres = new TemporaryPostgres(folder, freePort());
    postgres.restart();
    return postgres;
  }

  /** Starts it, after {@link stop} or at first. */
  restart(): void {
    const options = ["-o", `-p ${this.port}`, "-l", `${this.folder}/log`];
    runTool("pg_ctl", ["start", "-w", "-D", `${this.folder}/data`, ...options]);
  }

  /** Stops it at once, as a crash does. */
  stop(): void {
    runTool("pg_ctl", ["stop", "-w", "-m", "immediate", "-D", `${this.folder}/data`]);
  }

  /** Turns TLS on, with a certificate and its key in PEM. */
  useCertificate(certificate: string, key: string): void {
    for (const [file, text] of [["server.crt", certificate], ["server.key", key]] as const) {
      const path = `${this.folder}/data/${file}`;
      Deno.writeTextFileSync(path, text, { mode: 0o600 });
      if (Deno.uid() === 0) run("chown", ["postgres", path]);
    }
    this.psql("postgres", "ALTER SYSTEM SET ssl = on");
    this.psql("postgres", "SELECT pg_reload_conf()");
  }

  /** Returns the id of its first process. */
  get processId(): number {
    return Number(Deno.readTextFileSync(`${this.folder}/data/postmaster.pid`).split("\n")[0]);
  }

  /** Stops it and deletes its folder. */
  dispose(): void {
    this.stop();
    Deno.removeSync(this.folder, { recursive: true });
  }

  /** Makes a database and returns its URL. */
  makeDatabase({ template = "template0" } = {}): string {
    const name = `ledger_${++this.#databases}`;
    this.psql("postgres", `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return this.url(name);
  }

  /** Returns the URL of a database. */
  url(name: string): string {
    return `postgres://${userText}@127.0.0.1:${this.port}/${name}`;
  }

  /** Runs a statement as a person does, and returns what `psql` prints. */
  psql(database: string, statement: string): string {
    const where = ["-h", "127.0.0.1", "-p", String(this.port), "-U", userText, "-d", database];
    const how = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement];
    return runTool("psql", [...where, ...how]).trim();
  }
}

/** Returns the access to a database of the tests. */
export function accessTo(url: string, changes: Partial<DatabaseUrl> = {}): DatabaseAccess {
  return {
    url: { ...parseDatabaseUrl(url), ...changes },
    passwordOf: () => undefined,
    clock: systemClock,
  };
}

/** Returns the name of the database that a URL leads to. */
export function nameOf(url: string): string {
  return url.split("/").at(-1)!;
}

let shared: Promise<TemporaryPostgres> | undefined;

/** Returns the one PostgreSQL of this process, which ends with it. */
export function sharedPostgres(): Promise<TemporaryPostgres> {
  shared ??= TemporaryPostgres.start().then((postgres) => {
    globalThis.addEventListener("unload", () => postgres.dispose());
    return postgres;
  });
  return shared;
}

const emptied = new Set<string>();

/**
 * Returns the URL of a database with an empty ledger of the samples' `ledgerId`. It is always the
 * same one, emptied again, because making a database takes longer than most tests.
 */
export async function emptyLedger(postgres: TemporaryPostgres): Promise<string> {
  const url = postgres.url("emptied");
  const isNew = !emptied.has(url);
  if (isNew) postgres.psql("postgres", "CREATE DATABASE emptied");
  emptied.add(url);
  const access = accessTo(url, { applicationName: "test" });
  const session = await Session.open(access, { answerMsMax: 60_000 });
  if (isNew) {
    await createSchema(session, ledgerId, "cannot make the ledger of a test");
  } else {
    const schema = postgresSchema(ledgerId);
    const tables = schema.flatMap((statement) => /^CREATE TABLE (\w+)/.exec(statement)?.[1] ?? []);
    await session.run(
      "BEGIN",
      // Waits for writers that were cut off.
      "LOCK TABLE head IN EXCLUSIVE MODE",
      // Skips the triggers, which keep all rows.
      "SET LOCAL session_replication_role = replica",
      // TRUNCATE would make new files of all tables and indexes, which takes ten times as long.
      ...tables.map((table) => `DELETE FROM ${table}`),
      ...schema.filter((statement) => statement.startsWith("INSERT")),
      "COMMIT",
    );
  }
  await session.close();
  return url;
}

function write(file: string, lines: readonly string[]): void {
  Deno.writeTextFileSync(file, lines.map((line) => `${line}\n`).join(""));
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function runTool(tool: "initdb" | "pg_ctl" | "psql", args: readonly string[]): string {
  const program = postgresTool(tool);
  if (program === undefined) throw new Error(`run ${tool}: PostgreSQL is not installed`);
  return runAsPostgres(program, args);
}

/** Runs a program as a user that PostgreSQL accepts, and returns what it prints. */
export function runAsPostgres(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  if (Deno.uid() !== 0) return run(program, args, env);
  const user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
  // Not root's home, whose files that user may not read.
  return run("setpriv", [...user, program, ...args], { HOME: "/nonexistent", ...env });
}

export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  // A server inherits its output and would keep a pipe open, so it gets none.
  const output = args.includes("start") ? "null" : "piped";
  const result = new Deno.Command(program, {
    args: [...args],
    cwd: "/",
    env: { ...env },
    stdin: "null",
    stdout: output,
    stderr: output,
  }).outputSync();
  const textOf = (stream: "stdout" | "stderr") =>
    output === "null" ? "" : new TextDecoder().decode(result[stream]);
  if (!result.success) throw new Error(`${program} ${args.join(" ")}: ${textOf("stderr")}`);
  return textOf("stdout");
}
