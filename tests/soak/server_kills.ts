/**
 * Several servers on one PostgreSQL. Members pay across them while servers and the database are
 * killed and come back. Then every answer that a member got is compared with the ledger.
 */
import { assertEquals } from "@std/assert";
import { openScene, type RunningServer, type Scene } from "../end_to_end/driver.ts";
import { TemporaryPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { type CheckedRound, checkRound } from "./check_round.ts";
import { Crowd, pause } from "./crowd.ts";

/**
 * `server`: a server is killed and restarted. `crash`: the database is stopped at once and
 * restarted. `away`: it is stopped for a while.
 */
export type SharedFault = "server" | "crash" | "away";

export interface ServerKillsOptions {
  readonly servers: number;
  readonly members: number;
  readonly faults: readonly SharedFault[];
  /** Time from one fault's end to the next one. */
  readonly everyMs: number;
  /** How long the database is away. */
  readonly awayMs: number;
  readonly pauseMsMax: number;
  readonly say?: (line: string) => void;
}

export interface ServerKillsFigures extends CheckedRound {
  /** How many payments were refused, by code. */
  readonly refusals: Readonly<Record<number, number>>;
}

/** @throws when at the end anything is not as it has to be */
export async function serverKills(options: ServerKillsOptions): Promise<ServerKillsFigures> {
  const postgres = await TemporaryPostgres.start();
  try {
    await using scene = await openScene();
    const cluster = await Cluster.start(scene, postgres, options.servers);
    const { members, pauseMsMax } = options;
    const crowd = await Crowd.open(scene, { members, ports: cluster.ports, pauseMsMax });
    const stopped = new AbortController();
    const paying = crowd.payUntil(stopped.signal);
    for (const [index, fault] of options.faults.entries()) {
      await pause(options.everyMs);
      await cluster.suffer(fault, { crowd, ...options });
      const count = crowd.attempts.filter(({ paid }) => paid).length;
      options.say?.(
        `fault ${index + 1} of ${options.faults.length}: ${fault}, ${count} payments acknowledged`,
      );
    }
    await pause(options.everyMs);
    stopped.abort();
    await paying;
    await crowd.settle();
    await crowd.connect();
    await crowd.audit();
    await crowd.leave();
    await cluster.stop();
    return { ...await cluster.check(crowd), refusals: crowd.refusals };
  } finally {
    postgres.dispose();
  }
}

/** The servers of one ledger. */
class Cluster {
  readonly #scene: Scene;
  readonly #postgres: TemporaryPostgres;
  readonly #url: string;
  readonly #servers: RunningServer[] = [];
  /** The server that is killed next. */
  #next = 0;

  private constructor(scene: Scene, postgres: TemporaryPostgres) {
    this.#scene = scene;
    this.#postgres = postgres;
    this.#url = postgres.makeDatabase();
  }

  static async start(scene: Scene, postgres: TemporaryPostgres, count: number): Promise<Cluster> {
    const cluster = new Cluster(scene, postgres);
    // The first one makes the certificates and the tables.
    for (let at = 0; at < count; at++) cluster.#servers.push(await cluster.#startServer());
    return cluster;
  }

  get ports(): number[] {
    return this.#servers.map(({ port }) => port);
  }

  /** Does it, and undoes it. Resolves when all servers run again. */
  async suffer(
    fault: SharedFault,
    { crowd, awayMs }: { readonly crowd: Crowd; readonly awayMs: number },
  ): Promise<void> {
    if (fault === "server") {
      const restarted = this.#killServer();
      crowd.back = restarted;
      return await restarted;
    }
    this.#postgres.stop();
    if (fault === "away") await pause(awayMs);
    this.#postgres.restart();
  }

  /** Stops all servers. None of them has ended before. */
  async stop(): Promise<void> {
    for (const server of this.#servers) {
      const ended = await server.stop();
      assertEquals(ended.code, 0, ended.stderr);
    }
  }

  /** Audits the database, and compares a backup of it with what the members know. */
  async check(crowd: Crowd): Promise<CheckedRound> {
    const backup = this.#scene.path("backup.db");
    for (const command of [["audit"], ["backup", backup]]) {
      const ended = await this.#scene.ledgerInProcess(...command, "--db", this.#url);
      assertEquals(ended.code, 0, ended.stdout + ended.stderr);
    }
    return await checkRound(this.#scene, crowd.attempts, { db: backup });
  }

  async #killServer(): Promise<void> {
    const at = this.#next++ % this.#servers.length;
    const { program, port } = this.#servers[at]!;
    program.signal("SIGKILL");
    await program.end();
    this.#servers[at] = await this.#startServer(port);
  }

  #startServer(port = 0): Promise<RunningServer> {
    const args = ["100", "--silent", "--host", "127.0.0.1", "--initial-balance", "1000000"];
    return this.#scene.startServer({ args: [...args, "--db", this.#url], port });
  }
}
