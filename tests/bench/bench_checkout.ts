/**
 * One checkout under the benchmark: its server and its crowd of members, each a process of its own.
 */
import { processCpuMs } from "../faults/process_figures.ts";
import { startBenchServer } from "./bench_server.ts";
import type { CrowdCommand, CrowdFigures, CrowdOptions } from "./bench_crowd.ts";
import { readLines } from "../read_lines.ts";

/** How payments are made. */
export interface PaymentPlan {
  readonly viaServer: boolean;
  /** Orders that a payer submits in one message; 1 when absent. */
  readonly ordersPerMessage?: number;
}

/** What a number of payments took. */
export interface PaymentFigures extends CrowdFigures {
  readonly payments: number;
  /** CPU time of the server, user and system; absent where the system does not tell. */
  readonly server: { readonly userMs: number; readonly systemMs: number } | undefined;
}

export interface BenchCheckout {
  openPairs(count: number): Promise<void>;
  pay(payments: number, plan: PaymentPlan): Promise<PaymentFigures>;
  stop(): Promise<void>;
}

/**
 * Starts a checkout's server and crowd in a new folder.
 *
 * @param root the checkout's folder, with a slash at the end
 * @param folder several checkouts may share it, with a database and crowds of their own
 */
export async function startCheckout(
  root: string,
  folder: string,
  { db, crowd: prefix = "" }: {
    /** The ledger. By default a file in the folder. */
    readonly db?: string;
    /** The beginning of the members' names. */
    readonly crowd?: string;
  } = {},
): Promise<BenchCheckout> {
  await Deno.mkdir(folder, { recursive: true });
  const server = await startBenchServer(folder, {
    program: `${root}main.ts`,
    ...(db !== undefined && { db }),
  });
  const options: CrowdOptions = {
    server: server.endpoint,
    ca: server.ca,
    home: `${folder}/home${prefix}`,
    prefix,
  };
  const crowd = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-all"],
      `${root}tests/bench/bench_crowd.ts`,
      JSON.stringify(options),
    ],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const answers = readLines(crowd.stdout);
  const input = crowd.stdin.getWriter();
  const ask = async (command: CrowdCommand): Promise<unknown> => {
    await input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    const { value, done } = await answers.next();
    if (done) throw new Error(`the members of ${root} ended without an answer`);
    return JSON.parse(value);
  };
  return {
    async openPairs(pairs) {
      await ask({ command: "open", pairs });
    },
    async pay(payments, plan) {
      const before = await processCpuMs(server.pid);
      const figures = await ask({ command: "pay", payments, ...plan }) as CrowdFigures;
      const after = await processCpuMs(server.pid);
      const spent = before && after && {
        userMs: after.userMs - before.userMs,
        systemMs: after.systemMs - before.systemMs,
      };
      return { ...figures, payments, server: spent };
    },
    async stop() {
      await input.close();
      await crowd.status;
      await server.stop();
    },
  };
}
