/**
 * `deno task scale [--dir DIR] [--sizes 10000,100000] [--rounds N] [--full]`: what commands cost on
 * ledgers of several lengths, as a Markdown table. Only commands that read everything may cost more
 * on a longer one.
 *
 * Each command is a real process, and so is the server. A ledger that DIR lacks is made there. The
 * measurement appends some payments to it. Times are medians of N runs, 3 by default. Commands that
 * read everything run once, and a full audit only on short ledgers or with `--full`. CPU time says
 * more than time on a machine that is busy.
 */
import { join } from "node:path";
import { numberOption } from "../number_option.ts";
import { cpuMsOf, peakBytesOf } from "../faults/process_figures.ts";
import { accountAt } from "./planned_entries.ts";
import { type AwayMember, makeAwayMember } from "./away_member.ts";
import { CountingProxy } from "./counting_proxy.ts";
import { makeLargeLedger } from "./large_ledger.ts";
import type { ProgramFigures } from "./measured_program.ts";

/** What one command took. */
interface Figures {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** CPU time of the server meanwhile. Absent without a server. */
  readonly serverCpuMs?: number | undefined;
  /** Bytes and lines in both directions. */
  readonly wire?: { readonly bytes: number; readonly lines: number } | undefined;
}

interface Row {
  readonly command: string;
  readonly figures: Figures;
}

const rounds = numberOption("--rounds") ?? 3;

/** Longest ledger that is audited from its start, unless `--full` is given. */
const fullAuditMax = 100_000;

const program = new URL("./measured_program.ts", import.meta.url).pathname;

/** The member's place among the accounts, and its payee's: both are active in the first rows. */
const [ownPlace, payeePlace] = [3, 4];

/** Runs the program once. */
async function runProgram(
  args: readonly string[],
  { folder, env = {} }: { readonly folder: string; readonly env?: Record<string, string> },
): Promise<Figures> {
  const file = await Deno.makeTempFile({ prefix: "micropay-figures-" });
  const beganMs = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-all", program, ...args],
    cwd: folder,
    env: { ...env, SCALE_FIGURES: file },
    // A command that prints everything writes to a file, as a person would let it.
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const ms = performance.now() - beganMs;
  const text = await Deno.readTextFile(file);
  await Deno.remove(file);
  if (code !== 0) {
    throw new Error(`${args.join(" ")}: exit ${code}\n${new TextDecoder().decode(stderr)}`);
  }
  return { ms, ...JSON.parse(text) as ProgramFigures };
}

/** Runs something several times and returns the run with the median of CPU time. */
async function medianOf(run: () => Promise<Figures>, times = rounds): Promise<Figures> {
  const all: Figures[] = [];
  while (all.length < times) all.push(await run());
  const cost = ({ cpuMs, serverCpuMs = 0 }: Figures) => cpuMs + serverCpuMs;
  return all.sort((one, other) => cost(one) - cost(other))[Math.floor(times / 2)]!;
}

/** A server process that listens. */
interface RunningServer {
  readonly port: number;
  readonly pid: number;
  /** What it took until it listened. */
  readonly start: Figures;
  stop(): Promise<void>;
}

async function startServer(folder: string): Promise<RunningServer> {
  const beganMs = performance.now();
  const options = ["--silent", "--host", "127.0.0.1"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-all", program, "server", "0", ...options],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let port: string | undefined;
  while (port === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server did not start:\n${text}`);
    text += value;
    port = /listening on port (\d+)\n/.exec(text)?.[1];
  }
  const ms = performance.now() - beganMs;
  const start = { ms, cpuMs: await cpuMsOf(child.pid), peakBytes: await peakBytesOf(child.pid) };
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    port: Number(port),
    pid: child.pid,
    start,
    async stop() {
      child.kill("SIGTERM");
      await drained;
      await child.status;
    },
  };
}

/** Measures the commands of a member, each on a fresh copy of its folder. */
async function* measureMember(
  folder: string,
  { home, member: { name, payment } }: { readonly home: string; readonly member: AwayMember },
): AsyncGenerator<Row> {
  const server = await startServer(folder);
  try {
    using proxy = new CountingProxy(server.port);
    const measure = (args: readonly string[]) =>
      medianOf(async () => {
        const copy = await Deno.makeTempDir({ prefix: "micropay-home-" });
        await copyFolder(home, copy);
        proxy.take();
        const before = await cpuMsOf(server.pid);
        const options = ["--home", copy, "--as", name];
        const figures = await runProgram(
          ["client", ...options, "127.0.0.1", `${proxy.port}`, ...args],
          { folder },
        );
        const serverCpuMs = await cpuMsOf(server.pid) - before;
        await Deno.remove(copy, { recursive: true });
        const { toServer, toClient } = proxy.take();
        const wire = {
          bytes: toServer.bytes + toClient.bytes,
          lines: toServer.lines + toClient.lines,
        };
        return { ...figures, serverCpuMs, wire };
      });
    const payee = accountAt(payeePlace);
    yield { command: "`client balance`", figures: await measure(["balance"]) };
    yield { command: "`client audit`, away", figures: await measure(["audit"]) };
    yield {
      command: "proof: `client receipt --proof`",
      figures: await measure(["receipt", payment, "--proof"]),
    };
    yield { command: "`client history`, first page", figures: await measure(["history"]) };
    yield {
      command: "submit: `client pay --via-server`",
      figures: await measure(["pay", payee, "1", "--via-server"]),
    };
  } finally {
    await server.stop();
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** Measures everything on one ledger, and yields each command's figures as they are known. */
async function* measureLedger(folder: string, entries: number): AsyncGenerator<Row> {
  const work = await Deno.makeTempDir({ prefix: "micropay-scale-" });
  try {
    const home = join(work, "home");
    const member = await makeAwayMember(home, { folder, entries, place: ownPlace });
    const isFull = entries <= fullAuditMax || Deno.args.includes("--full");
    const once = (...args: string[]) => runProgram(["ledger", ...args], { folder });
    const starting = () =>
      startServer(folder).then(async (server) => {
        await server.stop();
        return server.start;
      });
    yield {
      command: "nothing: `--version`",
      figures: await medianOf(() => runProgram(["--version"], { folder })),
    };
    yield { command: "server start", figures: await medianOf(starting) };
    yield* measureMember(folder, { home, member });
    yield { command: "`ledger balances`", figures: await medianOf(() => once("balances")) };
    yield {
      command: "`ledger show NAME`",
      figures: await medianOf(() => once("show", member.name)),
    };
    yield {
      command: "`ledger show NUMBER`",
      figures: await medianOf(() => once("show", `${entries}`)),
    };
    yield { command: "`ledger export`", figures: await once("export", "--format", "csv") };
    yield { command: "`ledger backup`", figures: await once("backup", join(work, "backup.db")) };
    yield {
      command: "`ledger audit --since` the middle",
      figures: await once("audit", "--since", member.since),
    };
    if (isFull) yield { command: "`ledger audit`", figures: await once("audit") };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function printRow(entries: number, { command, figures }: Row): void {
  const { ms, cpuMs, serverCpuMs, wire, peakBytes } = figures;
  const cells = [
    command,
    entries,
    ms.toFixed(0),
    cpuMs.toFixed(0),
    serverCpuMs?.toFixed(1) ?? "",
    wire?.bytes ?? "",
    wire?.lines ?? "",
    (peakBytes / 1e6).toFixed(0),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

/** Returns the value of an option, `undefined` without it. */
function optionOf(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at === -1 ? undefined : Deno.args[at + 1];
}

async function main(): Promise<void> {
  const given = optionOf("--dir");
  const directory = given ?? await Deno.makeTempDir({ prefix: "micropay-scale-" });
  const sizes = (optionOf("--sizes") ?? "10000,100000").split(",").map(Number);
  console.log("| command | entries | ms | CPU ms | server CPU ms | bytes | lines | peak MB |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  try {
    for (const entries of sizes) {
      const folder = join(directory, `${entries}`);
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      const accounts = Math.min(10_000, entries / 100);
      await makeLargeLedger(folder, { entries, accounts, threads: 1 });
      for await (const row of measureLedger(folder, entries)) printRow(entries, row);
    }
  } finally {
    if (given === undefined) await Deno.remove(directory, { recursive: true });
  }
}

if (import.meta.main) await main();
