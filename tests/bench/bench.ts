/**
 * `deno task bench`: payments per second through the real server, how long one takes, and the CPU
 * time that it costs, also as a multiple of one RSA decryption measured in the same run.
 *
 * `--against DIR` measures another checkout in the same run, in turns with this one. Both need
 * `tests/bench/bench_crowd.ts`. `--payments N` sets the payments of one round, `--rounds N` how
 * many rounds each figure is the median of. Server and members are two processes on one machine.
 *
 * `--store postgres` measures a ledger in PostgreSQL in place of that: through one, two and three
 * servers, and at the store's own interface. `--seconds N` sets how long the latter takes.
 *
 * After that it measures how long a person waits for the full-screen client in a `tmux` terminal.
 * `--client` measures the client alone, and `--entries N` sets the length of its long history.
 */
import { numberOption } from "../number_option.ts";
import {
  type BenchCheckout,
  type PaymentFigures,
  type PaymentPlan,
  startCheckout,
} from "./bench_checkout.ts";
import { type ClientFigures, measureClient } from "./client_bench.ts";
import { benchPostgres } from "./postgres_bench.ts";
import { measureRsa } from "./rsa_speed.ts";

interface Scenario extends PaymentPlan {
  readonly title: string;
  readonly pairs: number;
}

const scenarios: readonly Scenario[] = [
  { title: "1 pair", pairs: 1, viaServer: false },
  { title: "4 pairs", pairs: 4, viaServer: false },
  { title: "16 pairs", pairs: 16, viaServer: false },
  { title: "1 pair, --via-server", pairs: 1, viaServer: true },
  { title: "16 pairs, --via-server", pairs: 16, viaServer: true },
  // Each message holds 25 orders, and every receipt is on the disk of both sides at the end.
  { title: "1 pair, 25 orders per message", pairs: 1, viaServer: true, ordersPerMessage: 25 },
  { title: "16 pairs, 25 orders per message", pairs: 16, viaServer: true, ordersPerMessage: 25 },
];

const columns = ["payments/s", "median ms", "p99 ms", "server CPU", "members CPU", "all CPU"];

async function main(): Promise<void> {
  if (textOption("--store") === "postgres") return await benchDatabase();
  if (!Deno.args.includes("--client")) await benchPayments();
  await benchClient();
}

async function benchDatabase(): Promise<void> {
  const payments = numberOption("--payments") ?? 640;
  const seconds = numberOption("--seconds") ?? 10;
  const folder = await Deno.makeTempDir({ prefix: "micropay-bench-" });
  try {
    const { decryptCpuMs } = await measureRsa(2048);
    console.log(
      `${machineText()}, one RSA-2048 decryption: ${decryptCpuMs.toFixed(2)} ms of CPU\n` +
        "CPU is per booking, in milliseconds\n\n" +
        "| | processes | bookings/s | CPU of them | CPU of PostgreSQL | commits/s | " +
        "entries per commit | load |\n| - | -: | -: | -: | -: | -: | -: | -: |",
    );
    for await (const row of benchPostgres(folder, { payments, seconds })) {
      const figures = [
        row.perSecond.toFixed(0),
        row.processCpuMs.toFixed(2),
        row.databaseCpuMs.toFixed(2),
        row.commitsPerSecond.toFixed(0),
        row.entriesPerCommit.toFixed(1),
        Deno.loadavg()[0]!.toFixed(1),
      ];
      console.log(`| ${row.title} | ${row.processes} | ${figures.join(" | ")} |`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function machineText(): string {
  return `${navigator.hardwareConcurrency} processors, Deno ${Deno.version.deno}`;
}

async function benchClient(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-bench-" });
  try {
    const payments = 1000;
    const entries = numberOption("--entries") ?? 100_000;
    const figures = await measureClient(folder, { entries, payments, samples: 10 });
    console.log(clientText(figures, payments));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchPayments(): Promise<void> {
  const payments = numberOption("--payments") ?? 640;
  const rounds = numberOption("--rounds") ?? 3;
  const against = textOption("--against");
  const folder = await Deno.makeTempDir({ prefix: "micropay-bench-" });
  const roots = [new URL("../../", import.meta.url).pathname];
  if (against !== undefined) roots.push(`${await Deno.realPath(against)}/`);
  const checkouts: BenchCheckout[] = [];
  try {
    for (const root of roots) {
      checkouts.push(await startCheckout(root, `${folder}/${checkouts.length}`));
    }
    const { decryptCpuMs, decryptsPerSecond } = await measureRsa(2048);
    console.log(
      `${machineText()}, one RSA-2048 decryption: ${decryptCpuMs.toFixed(2)} ms of CPU, ` +
        `${decryptsPerSecond.toFixed(0)} a second\n` +
        "CPU is per payment: milliseconds of user and system time (RSA decryptions)\n",
    );
    console.log(`|  | checkout | ${columns.join(" | ")} |`);
    console.log(`| - | - | ${columns.map(() => "-:").join(" | ")} |`);
    for (const scenario of scenarios) {
      const figures = await measure(scenario, { checkouts, payments, rounds });
      for (const [index, row] of figures.entries()) {
        const name = index === 0 ? "this" : "other";
        console.log(`| ${scenario.title} | ${name} | ${rowText(row, decryptCpuMs)} |`);
      }
      if (figures.length === 2) console.log(`| | ratio | ${ratioText(figures[0]!, figures[1]!)} |`);
    }
  } finally {
    for (const checkout of checkouts) await checkout.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function clientText({ waits, batchMs, singleMs }: ClientFigures, payments: number): string {
  const rows = waits.map(({ title, durationsMs }) => {
    const figures = [0.5, 0.95, 1].map((share) => quantile(durationsMs, share).toFixed(0));
    return `| ${title} | ${figures.join(" | ")} | ${durationsMs.length} |`;
  });
  const oneMs = quantile(singleMs, 0.5);
  const [oneMinute] = Deno.loadavg();
  return [
    `${navigator.hardwareConcurrency} processors, load ${oneMinute!.toFixed(1)}\n`,
    "| a person waits | median ms | p95 ms | worst ms | times |",
    "| - | -: | -: | -: | -: |",
    ...rows,
    `\npay --batch with ${payments} lines through the server: ${(batchMs / 1000).toFixed(1)} s. ` +
    `A single payment: ${oneMs.toFixed(0)} ms, the median of ${singleMs.length}. ` +
    `So ${payments} of them take ${(payments * oneMs / batchMs).toFixed(0)} times as long.`,
  ].join("\n");
}

/** One checkout's figures for a scenario; CPU times are per payment. */
interface Row {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly server: CpuMs | undefined;
  readonly members: CpuMs;
}

interface CpuMs {
  readonly userMs: number;
  readonly systemMs: number;
}

/** The checkouts pay in turns, so that both see the same moods of the machine. */
async function measure(
  { pairs, title: _, ...plan }: Scenario,
  { checkouts, payments, rounds }: {
    checkouts: readonly BenchCheckout[];
    payments: number;
    rounds: number;
  },
): Promise<Row[]> {
  const figures = checkouts.map((): PaymentFigures[] => []);
  for (const checkout of checkouts) {
    await checkout.openPairs(pairs);
    await checkout.pay(Math.ceil(payments / 4), plan);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, checkout] of checkouts.entries()) {
      figures[index]!.push(await checkout.pay(payments, plan));
    }
  }
  return figures.map(summarize);
}

function summarize(rounds: readonly PaymentFigures[]): Row {
  const middle = (of: (figures: PaymentFigures) => number) => quantile(rounds.map(of), 0.5);
  const durationsMs = rounds.flatMap((figures) => figures.durationsMs);
  const cpu = (of: (figures: PaymentFigures) => CpuMs): CpuMs => ({
    userMs: middle((figures) => of(figures).userMs / figures.payments),
    systemMs: middle((figures) => of(figures).systemMs / figures.payments),
  });
  const hasServer = rounds.every(({ server }) => server !== undefined);
  return {
    perSecond: middle(({ payments, seconds }) => payments / seconds),
    medianMs: quantile(durationsMs, 0.5),
    p99Ms: quantile(durationsMs, 0.99),
    server: hasServer ? cpu(({ server }) => server!) : undefined,
    members: cpu((figures) => figures),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}

function rowText({ perSecond, medianMs, p99Ms, server, members }: Row, decryptMs: number): string {
  const cpu = (spent: CpuMs | undefined) =>
    spent === undefined
      ? "–"
      : `${spent.userMs.toFixed(1)} + ${spent.systemMs.toFixed(1)} (${
        (totalMs(spent) / decryptMs).toFixed(1)
      })`;
  const all = server &&
    { userMs: server.userMs + members.userMs, systemMs: server.systemMs + members.systemMs };
  return [
    perSecond.toFixed(1),
    medianMs.toFixed(1),
    p99Ms.toFixed(1),
    cpu(server),
    cpu(members),
    cpu(all),
  ].join(" | ");
}

/** This checkout's figures divided by the other's. */
function ratioText(here: Row, there: Row): string {
  const ratio = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? "–" : (a / b).toFixed(2);
  const all = ({ server, members }: Row) => server && totalMs(server) + totalMs(members);
  return [
    ratio(here.perSecond, there.perSecond),
    ratio(here.medianMs, there.medianMs),
    ratio(here.p99Ms, there.p99Ms),
    ratio(here.server && totalMs(here.server), there.server && totalMs(there.server)),
    ratio(totalMs(here.members), totalMs(there.members)),
    ratio(all(here), all(there)),
  ].join(" | ");
}

function totalMs({ userMs, systemMs }: CpuMs): number {
  return userMs + systemMs;
}

function textOption(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at === -1 ? undefined : Deno.args[at + 1];
}

if (import.meta.main) await main();
