/**
 * The scene of an end-to-end test: a temporary folder with a server and the homes of several
 * clients. Disposing of it ends every process and removes the folder, even after a failure.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Command } from "./command.ts";
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

export type InProcessOptions = Pick<ClientOptions, "as" | "host" | "port" | "env" | "stdin">;

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

  /**
   * Runs a command within this process, for results that do not depend on a process of its own.
   * It finds the scene's files by its environment, because it runs in the test's folder. The
   * executable always runs as a process.
   */
  startInProcess(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    stdin: ClientOptions["stdin"] = "null",
  ): RunningProgram {
    if (isExecutable) return this.start(args, { env, stdin });
    const program = new Command(args, {
      stdin,
      env: {
        MICROPAY_DB: this.path("server.db"),
        MICROPAY_CERTS: this.path("certs"),
        MICROPAY_CA: this.path("certs", "CA.pem"),
        ...env,
      },
    });
    this.#programs.push(program);
    return program;
  }

  /** Runs a command within this process to its end. */
  async runInProcess(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    return await this.startInProcess(args, env).end();
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
    const { args = ["20", "--silent"], port = 0, env } = options;
    return await this.#listening(this.startInProcess(["server", String(port), ...args], env));
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

  /** Like {@link startClient}, within this process. */
  startClientInProcess(args: readonly string[], options: InProcessOptions = {}): RunningProgram {
    const { as = "alice", host = "127.0.0.1", port = this.server.port, env, stdin } = options;
    const words = ["client", host, String(port), ...args];
    return this.startInProcess(words, { MICROPAY_HOME: this.home(as), ...env }, stdin);
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

  /** Like {@link client}, within this process. */
  async inProcess(args: readonly string[], options: InProcessOptions = {}): Promise<Ended> {
    return await this.startClientInProcess(args, options).end();
  }

  /** An operator's command, within this process. */
  async ledgerInProcess(...args: readonly string[]): Promise<Ended> {
    return await this.runInProcess(["ledger", ...args]);
  }

  /** Checks receipts against the CA of the scene, within this process. */
  async verifyInProcess(...args: readonly string[]): Promise<Ended> {
    return await this.runInProcess(["verify", ...args, "--ca", this.path("certs", "CA.pem")]);
  }

  /** Makes certificates, within this process. */
  async gencert(...args: readonly string[]): Promise<void> {
    const out = args.includes("--out") ? [] : ["--out", this.path("certs")];
    const { code, stderr } = await new Command(["gencert", ...out, ...args], { env: {} }).end();
    if (code !== 0) throw new Error(`gencert: ${code}\n${stderr}`);
  }

  /** Registers people, at the same time. */
  async register(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map(async (name) => {
      const { code, stdout, stderr } = await this.inProcess(["register", name], { as: name });
      if (code !== 0) throw new Error(`register ${name}: ${code}\n${stdout}${stderr}`);
    }));
  }

  /** Somebody who takes payments, told as JSON, from now on, within this process. */
  async receiver(
    as: string,
    args: readonly string[] = [],
    port?: number,
  ): Promise<RunningProgram> {
    const words = ["receive", "--json", ...args];
    const program = this.startClientInProcess(words, { as, ...(port && { port }) });
    await program.line(/^\{"event":"online"/);
    return program;
  }

  /** Like {@link receiver}, as a process of its own, which a test can kill. */
  async receiverProcess(as: string, port = this.server.port): Promise<Program> {
    const program = this.startClient(["receive", "--json"], { as, port });
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
