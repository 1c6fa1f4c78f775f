/**
 * The members of the benchmark, in a process of their own. It reads one JSON command per line and
 * answers each with one JSON line, so that a benchmark can drive the members of any checkout.
 */
import process from "node:process";
import { parseAccountName } from "../../src/account_name.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import type { WalletStore } from "../../src/client/wallet/wallet_store.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { parseAmount } from "../../src/money.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { readLines } from "../read_lines.ts";
import type { PaymentPlan } from "./bench_checkout.ts";

/** What the process is started with, as JSON in its first argument. */
export interface CrowdOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly ca: { readonly pem: string; readonly path: string };
  /** The home of all members. */
  readonly home: string;
  /** The beginning of their names. */
  readonly prefix: string;
}

export type CrowdCommand =
  /** Opens pairs of a payer and a payee that is online. Closes those that were open before. */
  | { readonly command: "open"; readonly pairs: number }
  /** Every pair pays as fast as it can, one payment after the other, until `payments` were made. */
  | { readonly command: "pay"; readonly payments: number } & PaymentPlan;

/** The answer to `pay`. */
export interface CrowdFigures {
  readonly seconds: number;
  /** How long each payment took. */
  readonly durationsMs: readonly number[];
  /** CPU time of this process meanwhile. */
  readonly userMs: number;
  readonly systemMs: number;
}

interface Pair {
  readonly payer: Member;
  readonly payee: Member;
  /** Told of each payment whose receipt the payee has kept. */
  readonly taken: EventTarget;
}

/** Where the members are, and the home that they share. */
type Place = Omit<CrowdOptions, "home"> & {
  readonly folder: DataFolder;
  readonly store: WalletStore;
};

async function openPairs(count: number, options: Place): Promise<Pair[]> {
  return await Promise.all(Array.from({ length: count }, async (_, index) => {
    const payer = await openMember(`${options.prefix}payer-${count}-${index}`, options);
    // A server closes a connection on which nothing is said for a while.
    await payer.balance();
    const payee = await openMember(`${options.prefix}payee-${count}-${index}`, options);
    const taken = new EventTarget();
    const online = await payee.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: () => taken.dispatchEvent(new Event("payment")),
      onFault: (error) => console.error(error),
    });
    if (online.outcome === "refused") throw new Error(`go online: ${online.text}`);
    return { payer, payee, taken };
  }));
}

async function openMember(text: string, { server, ca, folder, store }: Place): Promise<Member> {
  const name = parseAccountName(text)!;
  const wallet = new Wallet({
    servers: [server],
    folder,
    trust: { ca },
    timeoutMs: 60_000,
  }, {
    network: tcpNetwork,
    clock: systemClock,
    random: systemRandom,
    makeSessionKey: () => generateSessionKey(2048),
    store,
  });
  const registered = await wallet.register(await wallet.connect(), name);
  if (registered.outcome === "refused") throw new Error(`register ${name}: ${registered.text}`);
  return await wallet.member(await wallet.connect(), name);
}

/** Pays, and waits until both sides have every receipt on their disk. */
async function payAll(
  pairs: readonly Pair[],
  { payments, viaServer, ordersPerMessage = 1 }: { payments: number } & PaymentPlan,
): Promise<CrowdFigures> {
  const durationsMs: number[] = [];
  const amount = parseAmount("1")!;
  let left = payments;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(pairs.map(async ({ payer, payee, taken }) => {
    let paid = 0;
    const { promise: allTaken, resolve } = Promise.withResolvers<void>();
    const isOver = () => left <= 0;
    let received = 0;
    const count = () => ++received >= paid && isOver() && resolve();
    taken.addEventListener("payment", count);
    const terms = { payee: payee.context.name, amount, viaServer };
    while (!isOver()) {
      const orders = Math.min(left, ordersPerMessage);
      left -= orders;
      paid += orders;
      const beganMs = performance.now();
      const outcomes = orders === 1
        ? [await payer.pay(terms)]
        : (await payer.payAll(Array<typeof terms>(orders).fill(terms))).map((settled) => {
          if (settled.status === "rejected") throw settled.reason;
          return settled.value;
        });
      const refused = outcomes.find((outcome) => outcome.outcome === "refused");
      if (refused?.outcome === "refused") throw new Error(`pay: ${refused.text}`);
      const tookMs = performance.now() - beganMs;
      for (let order = 0; order < orders; order++) durationsMs.push(tookMs);
    }
    if (received < paid) await allTaken;
    taken.removeEventListener("payment", count);
  }));
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, durationsMs, userMs: user / 1000, systemMs: system / 1000 };
}

async function main(): Promise<void> {
  const { home, ...server } = JSON.parse(Deno.args[0]!) as CrowdOptions;
  const folder = new DataFolder(home);
  const place = { ...server, folder, store: new SqliteWalletStore(folder.walletFile()) };
  let pairs: Pair[] = [];
  for await (const line of readLines(Deno.stdin.readable)) {
    const command = JSON.parse(line) as CrowdCommand;
    if (command.command === "pay") {
      console.log(JSON.stringify(await payAll(pairs, command)));
    } else {
      for (const { payer, payee } of pairs) await Promise.all([payer.exit(), payee.exit()]);
      pairs = await openPairs(command.pairs, place);
      console.log("{}");
    }
  }
  Deno.exit(0);
}

if (import.meta.main) await main();
