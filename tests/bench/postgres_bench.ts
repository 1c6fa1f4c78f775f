/**
 * Measures a ledger in PostgreSQL: bookings through one, two and three servers, and at the store's
 * own interface from three processes. PostgreSQL, servers and members share one machine.
 */
import { TemporaryPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { readLines } from "../read_lines.ts";
import { type BenchCheckout, type PaymentPlan, startCheckout } from "./bench_checkout.ts";
import type { StoreCommand, StoreFigures, StoreOptions } from "./store_bookings.ts";

/** One line of the results. CPU times are milliseconds for each booking. */
export interface StoreRow {
  readonly title: string;
  /** Servers, or processes at the store's interface. */
  readonly processes: number;
  readonly perSecond: number;
  readonly processCpuMs: number;
  readonly databaseCpuMs: number;
  readonly commitsPerSecond: number;
  readonly entriesPerCommit: number;
}

export interface PostgresBenchOptions {
  /** Payments of each server in a round. */
  readonly payments: number;
  /** Seconds of each measurement at the store's interface. */
  readonly seconds: number;
}

const processesMax = 3;
/** Of each server. */
const pairs = 8;

const plans: readonly (PaymentPlan & { readonly title: string })[] = [
  { title: "servers, `--via-server`", viaServer: true },
  { title: "servers, 25 orders per message", viaServer: true, ordersPerMessage: 25 },
];

/** Starts a PostgreSQL whose commits are written through, and yields row by row. */
export async function* benchPostgres(
  folder: string,
  options: PostgresBenchOptions,
): AsyncGenerator<StoreRow> {
  const postgres = await TemporaryPostgres.start({
    settings: ["fsync = on", "shared_buffers = 256MB", "max_wal_size = 2GB"],
  });
  try {
    yield* benchStore(postgres, options);
    yield* benchServers(postgres, folder, options);
  } finally {
    postgres.dispose();
  }
}

async function* benchServers(
  postgres: TemporaryPostgres,
  folder: string,
  { payments }: PostgresBenchOptions,
): AsyncGenerator<StoreRow> {
  const db = postgres.makeDatabase();
  const root = new URL("../../", import.meta.url).pathname;
  for (let processes = 1; processes <= processesMax; processes++) {
    const servers: BenchCheckout[] = [];
    try {
      while (servers.length < processes) {
        // The first one makes the certificates.
        const crowd = `n${processes}s${servers.length}`;
        servers.push(await startCheckout(root, folder, { db, crowd }));
      }
      await Promise.all(servers.map((server) => server.openPairs(pairs)));
      for (const { title, ...plan } of plans) {
        const pay = async (count: number) =>
          await Promise.all(servers.map((server) => server.pay(count, plan)));
        await pay(Math.ceil(payments / 4));
        yield await measure(postgres, db, { title, processes }, async () => {
          const cpuMs = (await pay(payments)).map(({ server }) =>
            server ? server.userMs + server.systemMs : NaN
          );
          return { booked: processes * payments, cpuMs: cpuMs.reduce((a, b) => a + b) };
        });
      }
    } finally {
      for (const server of servers) await server.stop();
    }
  }
}

async function* benchStore(
  postgres: TemporaryPostgres,
  { seconds }: PostgresBenchOptions,
): AsyncGenerator<StoreRow> {
  const db = postgres.makeDatabase();
  const processes: BookingProcess[] = [];
  try {
    for (let place = 0; place < processesMax; place++) {
      processes.push(await BookingProcess.start({ url: db, place }));
    }
    for (const atOnce of [1, 16, 256]) {
      const book = async (seconds: number) => {
        const all = await Promise.all(processes.map((one) => one.book({ atOnce, seconds })));
        const sum = (of: (figures: StoreFigures) => number) =>
          all.reduce((total, figures) => total + of(figures), 0);
        return { booked: sum(({ booked }) => booked), cpuMs: sum(({ cpuMs }) => cpuMs) };
      };
      await book(seconds / 4);
      const title = `store alone, ${atOnce} at a time`;
      yield await measure(postgres, db, { title, processes: processesMax }, () => book(seconds));
    }
  } finally {
    for (const one of processes) await one.stop();
  }
}

/** Runs an action, and measures the database meanwhile. */
async function measure(
  postgres: TemporaryPostgres,
  db: string,
  what: Pick<StoreRow, "title" | "processes">,
  action: () => Promise<StoreFigures>,
): Promise<StoreRow> {
  const name = db.slice(db.lastIndexOf("/") + 1);
  // Each process counts its batches, and commits each one once.
  const countsOf = () =>
    postgres.psql(name, "SELECT number, (SELECT sum(batch) FROM writer) FROM head")
      .split("|").map(Number);
  const [size, batches] = countsOf() as [number, number];
  const databaseMs = await databaseCpuMs(postgres);
  const beganMs = performance.now();
  const { booked, cpuMs } = await action();
  const seconds = (performance.now() - beganMs) / 1000;
  const databaseCpu = await databaseCpuMs(postgres) - databaseMs;
  const [lastSize, lastBatches] = countsOf() as [number, number];
  const commits = lastBatches - batches;
  return {
    ...what,
    perSecond: booked / seconds,
    processCpuMs: cpuMs / booked,
    databaseCpuMs: databaseCpu / booked,
    commitsPerSecond: commits / seconds,
    entriesPerCommit: (lastSize - size) / commits,
  };
}

/** Returns the CPU time of all processes that a PostgreSQL has and had. */
async function databaseCpuMs({ processId }: TemporaryPostgres): Promise<number> {
  const first = await statOf(processId);
  // The first process counts those that ended.
  let ms = first === undefined ? 0 : first.ms + first.endedMs;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const found = await statOf(Number(name));
    if (found?.parent === processId) ms += found.ms;
  }
  return ms;
}

/** Returns what `/proc/PID/stat` says of a process, or `undefined` when it has ended. */
async function statOf(pid: number) {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    const at = (...places: number[]) => places.reduce((sum, place) => sum + fields[place]!, 0) * 10;
    return { parent: fields[1], ms: at(11, 12), endedMs: at(13, 14) };
  } catch {
    return undefined;
  }
}

/** A process of `store_bookings.ts`. */
class BookingProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#answers = readLines(child.stdout);
  }

  static async start(options: StoreOptions): Promise<BookingProcess> {
    const program = new URL("./store_bookings.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--allow-all", program],
        JSON.stringify(options),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const started = new BookingProcess(child);
    await started.#answer();
    return started;
  }

  async book(command: StoreCommand): Promise<StoreFigures> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    return JSON.parse(await this.#answer());
  }

  async stop(): Promise<void> {
    await this.#input.close();
    await this.#child.status;
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("a process that books ended without an answer");
    return value;
  }
}
