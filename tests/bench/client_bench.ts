/**
 * How long a person waits for the full-screen client in a real terminal, and how much faster a file
 * of payments is than single ones. The client, its server and the payers are processes of their
 * own.
 */
import { accountAt } from "../scale/planned_entries.ts";
import { writeIdentity } from "../scale/away_member.ts";
import { makeLargeLedger, readLargeLedgerFolder } from "../scale/large_ledger.ts";
import { runtimeEnvironment } from "../end_to_end/program.ts";
import { readLines } from "../read_lines.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";
import { Terminal } from "../end_to_end/terminal.ts";

export interface ClientBenchOptions {
  /** Entries of the long history. */
  readonly entries: number;
  /** Payments of the burst, and lines of the file. */
  readonly payments: number;
  /** How often each wait is measured outside the burst. */
  readonly samples: number;
}

/** What somebody waited for, and how long each time. */
export interface Wait {
  readonly title: string;
  readonly durationsMs: readonly number[];
}

export interface ClientFigures {
  readonly waits: readonly Wait[];
  /** One run of `pay --batch` with all lines. */
  readonly batchMs: number;
  /** Each `pay` of one payment. */
  readonly singleMs: readonly number[];
}

const program = new URL("../../main.ts", import.meta.url).pathname;
const size = { columns: 100, rows: 30 };

/** The member at the screen, and the one that pays it and is paid. */
const [watcher, payer] = [accountAt(0), accountAt(1)];

/** A ledger with its server and the home of both members. */
class BenchLedger {
  readonly folder: string;
  readonly server: BenchServer;
  #terminals = 0;

  private constructor(folder: string, server: BenchServer) {
    this.folder = folder;
    this.server = server;
  }

  /** @param folder is made, and gets the ledger, its certificates and the home */
  static async make(folder: string, entries: number): Promise<BenchLedger> {
    await Deno.mkdir(folder);
    const threads = Math.max(1, navigator.hardwareConcurrency - 1);
    await makeLargeLedger(folder, { entries, accounts: 2, threads });
    const { members, certificates: { anchor } } = await readLargeLedgerFolder(folder);
    for (const member of members) await writeIdentity(`${folder}/home`, { member, anchor });
    return new BenchLedger(folder, await startBenchServer(folder));
  }

  /** Returns the whole command of a client. */
  client(as: string, ...args: readonly string[]): string[] {
    const { host, port } = this.server.endpoint;
    const options = ["--home", `${this.folder}/home`, "--as", as];
    const run = ["run", "--quiet", "--no-check", "--no-prompt", "--allow-all", program];
    return [Deno.execPath(), ...run, "client", ...options, host, String(port), ...args];
  }

  /** Opens a terminal that waits for Enter, and then shows the screen. */
  async terminal(): Promise<Terminal> {
    return await Terminal.open(`${this.folder}/tmux${++this.#terminals}`, {
      command: `/bin/sh -c 'read line; ${this.client(watcher).join(" ")}; cat'`,
      folder: this.folder,
      env: { ...runtimeEnvironment(), LC_ALL: "C.UTF-8" },
      ...size,
    });
  }

  /** Runs a client that has to succeed, and returns how many milliseconds it took. */
  async run(as: string, ...args: readonly string[]): Promise<number> {
    const [command, ...rest] = this.client(as, ...args);
    const beganMs = performance.now();
    const { success, stderr } = await new Deno.Command(command!, {
      args: rest,
      cwd: this.folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return performance.now() - beganMs;
  }

  /** Pays the watcher with one file, and returns how many milliseconds that took. */
  async payFile(name: string, payments: number): Promise<number> {
    const file = `${this.folder}/${name}.csv`;
    await Deno.writeTextFile(file, `${watcher},1,${name}\n`.repeat(payments));
    return await this.run(payer, "pay", "--batch", file, "--via-server", "--yes", "--json");
  }
}

/**
 * Measures on ledgers of its own.
 *
 * @param folder an empty one
 */
export async function measureClient(
  folder: string,
  { entries, payments, samples }: ClientBenchOptions,
): Promise<ClientFigures> {
  const ledgers: BenchLedger[] = [];
  try {
    // The openings of both members are their whole history.
    for (const length of [2, entries]) {
      ledgers.push(await BenchLedger.make(`${folder}/${length}`, length));
    }
    const firstScreens = ledgers.map((): number[] => []);
    // In turns, so that both see the same moods of the machine.
    for (let sample = 0; sample < samples; sample++) {
      for (const [at, ledger] of ledgers.entries()) {
        firstScreens[at]!.push(await measureFirstScreen(ledger));
      }
    }
    const long = ledgers[1]!;
    const titles = ["no payments before", `${entries} entries before`];
    const waits = [
      ...firstScreens.map((durationsMs, at) => ({
        title: `from the command to the first screen, ${titles[at]}`,
        durationsMs,
      })),
      ...await measureScreen(long, { payments, samples }),
    ];
    const batchMs = await long.payFile("alone", payments);
    const singleMs: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      singleMs.push(await long.run(payer, "pay", watcher, "1", "--via-server"));
    }
    return { waits, batchMs, singleMs };
  } finally {
    for (const { server } of ledgers) await server.stop();
  }
}

/** Returns the time until the screen shows the account, its balance and the newest entry. */
async function measureFirstScreen(ledger: BenchLedger): Promise<number> {
  await using terminal = await ledger.terminal();
  const beganMs = performance.now();
  await showScreen(terminal);
  const tookMs = performance.now() - beganMs;
  await terminal.press("q");
  await terminal.shows(/Time spent/);
  return tookMs;
}

async function showScreen(terminal: Terminal): Promise<void> {
  await terminal.press("Enter");
  await terminal.shows(new RegExp(`${watcher} +balance \\d+`), /[→←] +\d+ /);
}

/** Measures payments and keys on one screen. */
async function measureScreen(
  ledger: BenchLedger,
  { payments, samples }: { readonly payments: number; readonly samples: number },
): Promise<Wait[]> {
  await using terminal = await ledger.terminal();
  await showScreen(terminal);
  const paid: number[] = [];
  {
    await using _ = await startReceiver(ledger);
    // The member who is online is the payee that a form begins with.
    await terminal.shows(new RegExp(`^. ${payer} `, "m"));
    for (let sample = 0; sample < samples; sample++) {
      await terminal.press("p");
      await terminal.shows(/Pay somebody/);
      // The payee is filled in, and the cursor in the amount.
      await terminal.press("1", "Enter");
      const screen = await terminal.shows(/Amount *\n +1 *\n Memo.*\n ›/);
      const balance = Number(/balance (\d+)/.exec(screen)![1]) - 1;
      const beganMs = performance.now();
      await terminal.press("Enter");
      await terminal.shows(new RegExp(`transfer OK; paid 1 to ${payer}, balance ${balance},`));
      paid.push(performance.now() - beganMs);
    }
  }
  const idle: number[] = [];
  while (idle.length < 2 * samples) idle.push(...await measureKeys(terminal));
  const burst: number[] = [];
  let isOver = false;
  const paying = ledger.payFile("burst", payments).finally(() => isOver = true);
  await terminal.shows(/just sent you/);
  while (!isOver) burst.push(...await measureKeys(terminal));
  await paying;
  await terminal.press("q");
  await terminal.shows(/Time spent/);
  return [
    { title: 'from Enter to "transfer OK", directly', durationsMs: paid },
    { title: "from a key to its effect, nothing else happens", durationsMs: idle },
    { title: `from a key to its effect, ${payments} payments arrive`, durationsMs: burst },
  ];
}

/** Opens and closes the help, and returns how many milliseconds each took. */
async function measureKeys(terminal: Terminal): Promise<number[]> {
  const durationsMs: number[] = [];
  for (const [key, effect] of [["?", /4 TRANSACTION/], ["q", /Enter open/]] as const) {
    const beganMs = performance.now();
    await terminal.press(key);
    await terminal.shows(effect);
    durationsMs.push(performance.now() - beganMs);
  }
  return durationsMs;
}

/** Starts a client of the payer that takes payments. */
async function startReceiver(ledger: BenchLedger): Promise<AsyncDisposable> {
  const [command, ...args] = ledger.client(payer, "receive", "--json");
  const child = new Deno.Command(command!, { args, cwd: ledger.folder, stdout: "piped" }).spawn();
  const lines = readLines(child.stdout);
  await lines.next();
  const drained = Array.fromAsync(lines);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await drained;
      await child.status;
    },
  };
}
