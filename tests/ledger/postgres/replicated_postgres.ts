/**
 * A primary and its synchronous standby, set up on loopback with the files of `examples/postgres`.
 * Only ports, paths and what makes tests slow differ.
 */
import { postgresTool } from "../../installed_tool.ts";
import { freePort, run, runAsPostgres } from "./temporary_postgres.ts";

const examples = new URL("../../../examples/postgres/", import.meta.url).pathname;

/** One of the two machines. */
export class Machine {
  /** The name that it has in `synchronous_standby_names`. */
  readonly name: string;
  readonly port = freePort();
  readonly #folder: string;

  constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  get data(): string {
    return `${this.#folder}/${this.name}`;
  }

  start(): void {
    this.#control("start", "-w", "-l", `${this.data}.log`);
  }

  /** Stops it at once, as a crash does. */
  kill(): void {
    this.#control("stop", "-w", "-m", "immediate");
  }

  /** Makes a primary of a standby. */
  promote(): void {
    this.#control("promote", "-w");
  }

  /** Makes it a standby of another machine, without any data of its own. It is not started. */
  follow(primary: Machine): void {
    run("rm", ["-rf", this.data]);
    runAsPostgres(`${this.#folder}/make-standby`, ["127.0.0.1", this.name], {
      PATH: `${postgresTool("pg_basebackup")!.replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`,
      PGDATA: this.data,
      PGPORT: String(primary.port),
      PGPASSFILE: `${this.#folder}/keys/micropay_standby.pgpass`,
      MICROPAY_DB_CA: `${this.#folder}/keys/db-ca.pem`,
    });
    this.configure();
  }

  /** Runs statements as the superuser, and returns what `psql` prints. */
  psql(database: string, ...statements: readonly string[]): string {
    const commands = statements.flatMap((statement) => ["-c", statement]);
    return this.#runPsql(["-A", "-t", "-q", "-d", database, ...commands]).trim();
  }

  /** Runs a file of `examples/postgres` as the superuser. */
  psqlFile(database: string, file: string): void {
    this.#runPsql(["-q", "-d", database, "-f", `${this.#folder}/${file}`]);
  }

  #runPsql(args: readonly string[]): string {
    const where = ["-h", this.#folder, "-p", String(this.port)];
    return runAsPostgres(
      postgresTool("psql")!,
      ["-X", "-v", "ON_ERROR_STOP=1", ...where, ...args],
      {
        MICROPAY_KEYS: `${this.#folder}/keys`,
      },
    );
  }

  #control(action: string, ...options: readonly string[]): void {
    runAsPostgres(postgresTool("pg_ctl")!, [action, "-D", this.data, ...options]);
  }

  /** Writes `postgresql.conf`: the example, and what is of this machine. */
  configure(): void {
    const settings = [
      `include '${this.#folder}/postgresql.conf'`,
      "listen_addresses = '127.0.0.1'",
      `port = ${this.port}`,
      `unix_socket_directories = '${this.#folder}'`,
      `hba_file = '${this.#folder}/pg_hba.conf'`,
      `ssl_cert_file = '${this.#folder}/keys/127.0.0.1.crt'`,
      `ssl_key_file = '${this.#folder}/keys/127.0.0.1.key'`,
      "fsync = off",
      "shared_buffers = 16MB",
    ];
    Deno.writeTextFileSync(`${this.data}/postgresql.conf`, `${settings.join("\n")}\n`);
  }
}

/** Two machines on which PostgreSQL runs. `db1` is the primary at first. */
export class ReplicatedPostgres implements Disposable {
  readonly folder: string;
  readonly db1: Machine;
  readonly db2: Machine;

  private constructor(folder: string) {
    this.folder = folder;
    this.db1 = new Machine("db1", folder);
    this.db2 = new Machine("db2", folder);
  }

  /** Makes and starts both, with the roles and the database `ledger`, which is empty. */
  static start(): ReplicatedPostgres {
    const folder = Deno.makeTempDirSync({ prefix: "micropay-replicated-" });
    for (const { name } of Deno.readDirSync(examples)) {
      Deno.copyFileSync(`${examples}${name}`, `${folder}/${name}`);
    }
    Deno.chmodSync(folder, 0o755);
    if (Deno.uid() === 0) run("chown", ["-R", "postgres", folder]);
    runAsPostgres(`${folder}/make-keys`, [`${folder}/keys`, "127.0.0.1"]);
    const both = new ReplicatedPostgres(folder);
    const { db1, db2 } = both;
    const initialize = ["--auth=peer", "--no-sync", "--locale=C", "-E", "UTF8"];
    runAsPostgres(postgresTool("initdb")!, ["-D", db1.data, ...initialize]);
    db1.configure();
    db1.start();
    db1.psqlFile("postgres", "roles.sql");
    db2.follow(db1);
    db2.start();
    return both;
  }

  /** Returns the environment of a program that connects with a role. */
  environment(role: string): Record<string, string> {
    return { MICROPAY_DB_PASSWORD_FILE: `${this.folder}/keys/micropay_${role}.password` };
  }

  /** Returns the URL of the ledger for a role, with both machines. */
  url(role: string): string {
    const hosts = [this.db1, this.db2].map(({ port }) => `127.0.0.1:${port}`).join(",");
    const security = `sslmode=verify-full&sslrootcert=${this.folder}/keys/db-ca.pem`;
    return `postgres://micropay_${role}@${hosts}/ledger?${security}`;
  }

  [Symbol.dispose](): void {
    for (const machine of [this.db1, this.db2]) {
      try {
        machine.kill();
      } catch {
        // The test has killed it.
      }
    }
    Deno.removeSync(this.folder, { recursive: true });
  }
}
