/**
 * The scene of an end-to-end test: a temporary folder with a server and the homes of several
 * clients. Disposing of it ends every process and removes the folder, even after a failure.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Command, runCommand } from "./command.ts";
import {
  type Ended,
  isExecutable,
  Program,
  programCommand,
  type ProgramOptions,
  type RunningProgram,
} from "./program.ts";
import { quote } from "./terminal.ts";

export interface StartServerOptions {
  /** After the port. */
  readonly args?: readonly string[];
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly prefix?: readonly string[];
}

export interface ClientOptions {
  /** Whose home: each person has one. */
  readonly as?: string;
  /** Where to connect; the scene's server when absent. */
  readonly port?: number;
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs: where the server's `certs` are, unless told otherwise. */
  readonly folder?: string;
  readonly stdin?: "null" | "piped";
  readonly prefix?: readonly string[];
}

export type InProcessOptions = Pick<ClientOptions, "as" | "host" | "port" | "env">;

export class RunningServer {
  readonly program: RunningProgram;
  readonly port: number;

  constructor(program: RunningProgram, port: number) {
    this.program = program;
    this.port = port;
  }

  /** Stops it as an operator does, and waits for its end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Ended> {
    this.program.signal(signal);
    return await this.program.end();
  }
}

export class Scene implements AsyncDisposable {
  readonly folder: string;
  /** The last one that was started. */
  server!: RunningServer;
  readonly #programs: RunningProgram[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Runs anything, to be ended with the scene. */
  start(args: readonly string[], options: Partial<ProgramOptions> = {}): Program {
    const program = new Program(args, { folder: this.folder, ...options });
    this.#programs.push(program);
    return program;
  }

  async run(args: readonly string[], options: Partial<ProgramOptions> = {}): Promise<Ended> {
    return await this.start(args, options).end();
  }

  /** Starts a server on a free port, or that one, and waits until it listens. */
  async startServer(
    { args = ["20", "--silent"], port = 0, env, prefix }: StartServerOptions = {},
  ): Promise<RunningServer> {
    const program = this.start(["server", String(port), ...args], { env, prefix });
    return await this.#listening(program);
  }

  /** Like {@link startServer}, within this process. SIGKILL and SIGSTOP need a process. */
  async startServerInProcess(
    options: Omit<StartServerOptions, "prefix"> = {},
  ): Promise<RunningServer> {
    if (isExecutable) return await this.startServer(options);
    const { args = ["20", "--silent"], port = 0, env } = options;
    const program = new Command(["server", String(port), ...args], {
      env: { MICROPAY_DB: this.path("server.db"), MICROPAY_CERTS: this.path("certs"), ...env },
    });
    this.#programs.push(program);
    return await this.#listening(program);
  }

  async #listening(program: RunningProgram): Promise<RunningServer> {
    const [, found] = await program.line(/Server listening on port (\d+)/);
    return this.server = new RunningServer(program, Number(found));
  }

  /** A client that goes on: `receive`, or the menu. */
  startClient(args: readonly string[], options: ClientOptions = {}): Program {
    const { as = "alice", port = this.server?.port, env, folder = this.folder } = options;
    const { host = "127.0.0.1", stdin, prefix } = options;
    return this.start(["client", host, String(port), ...args], {
      env: { MICROPAY_HOME: this.home(as), ...env },
      folder,
      stdin,
      prefix,
    });
  }

  /** A client that does one thing. */
  async client(args: readonly string[], options: ClientOptions = {}): Promise<Ended> {
    return await this.startClient(args, options).end();
  }

  home(person: string): string {
    return this.path("homes", person);
  }

  /** @returns a folder for the PATH, with a `micropay` in it */
  async programFolder(): Promise<string> {
    const folder = this.path("bin");
    await Deno.mkdir(folder);
    const program = `#!/bin/sh\nexec ${programCommand().map(quote).join(" ")} "$@"\n`;
    await Deno.writeTextFile(join(folder, "micropay"), program, { mode: 0o755 });
    return folder;
  }

  /**
   * Does the same as {@link client} within this process, for the steps that prepare a test. The
   * executable always runs as a process.
   */
  async inProcess(args: readonly string[], options: InProcessOptions = {}): Promise<Ended> {
    if (isExecutable) return await this.client(args, options);
    const { as = "alice", host = "127.0.0.1", port = this.server.port, env } = options;
    return await runCommand(["client", host, String(port), ...args], {
      env: { MICROPAY_HOME: this.home(as), MICROPAY_CA: this.path("certs", "CA.pem"), ...env },
    });
  }

  /** An operator's command, within this process. */
  async ledgerInProcess(...args: readonly string[]): Promise<Ended> {
    if (isExecutable) return await this.run(["ledger", ...args]);
    return await runCommand(["ledger", ...args], {
      env: { MICROPAY_DB: this.path("server.db"), MICROPAY_CERTS: this.path("certs") },
    });
  }

  /** Checks receipts against the CA of the scene, within this process. */
  async verifyInProcess(...args: readonly string[]): Promise<Ended> {
    const words = ["verify", ...args, "--ca", this.path("certs", "CA.pem")];
    return isExecutable ? await this.run(words) : await runCommand(words, { env: {} });
  }

  /** Makes certificates, within this process. */
  async gencert(...args: readonly string[]): Promise<void> {
    const out = args.includes("--out") ? [] : ["--out", this.path("certs")];
    const { code, stderr } = await runCommand(["gencert", ...out, ...args], { env: {} });
    if (code !== 0) throw new Error(`gencert: ${code}\n${stderr}`);
  }

  /** Registers people, at the same time. */
  async register(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map(async (name) => {
      const { code, stdout, stderr } = await this.inProcess(["register", name], { as: name });
      if (code !== 0) throw new Error(`register ${name}: ${code}\n${stdout}${stderr}`);
    }));
  }

  /** Somebody who takes payments, told as JSON, from now on. */
  async receiver(as: string, args: readonly string[] = [], port?: number): Promise<Program> {
    const program = this.startClient(["receive", "--json", ...args], { as, ...(port && { port }) });
    await program.line(/^\{"event":"online"/);
    return program;
  }

  /**
   * What a database tool reads beside the server, in the form of `sqlite3`: one row a line, with
   * bars between columns.
   */
  query(statement: string, file = "server.db"): string {
    const database = new DatabaseSync(this.path(file), { readOnly: true });
    try {
      const rows = database.prepare(statement).all();
      return rows.map((row) => `${Object.values(row).join("|")}\n`).join("");
    } finally {
      database.close();
    }
  }

  /** How many payments are in the book. */
  payments(): number {
    return Number(this.query("SELECT count(*) FROM entry WHERE kind = 'payment'"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program[Symbol.asyncDispose]()));
    await Deno.remove(this.folder, { recursive: true });
  }
}

export async function openScene(): Promise<Scene> {
  return new Scene(await Deno.makeTempDir({ prefix: "micropay-" }));
}

/** With a server within this process, and people who have accounts. */
export async function openSceneInProcess(
  people: readonly string[],
  options: Omit<StartServerOptions, "prefix"> = {},
): Promise<Scene> {
  return await openPeopled(people, (scene) => scene.startServerInProcess(options));
}

/** With a server that is a process of its own, and people who have accounts. */
export async function openSceneWith(
  people: readonly string[],
  options: StartServerOptions = {},
): Promise<Scene> {
  return await openPeopled(people, (scene) => scene.startServer(options));
}

async function openPeopled(
  people: readonly string[],
  startServer: (scene: Scene) => Promise<unknown>,
): Promise<Scene> {
  const scene = await openScene();
  try {
    await startServer(scene);
    await scene.register(...people);
    return scene;
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
}

/** The one JSON object that was printed. */
export function json(text: string): Record<string, unknown> {
  return JSON.parse(text);
}

/** One JSON object a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Runs a step of a test. The scene closes its resources at its own end, not at the step's end. */
export async function step(
  context: Deno.TestContext,
  name: string,
  fn: () => Promise<void>,
): Promise<void> {
  await context.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
}
