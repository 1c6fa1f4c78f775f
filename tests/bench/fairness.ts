/**
 * `deno run -A tests/bench/fairness.ts`: how much a flooding member slows another member, through
 * the real server. One member asks for its balance repeatedly, first alone and then beside the
 * flood. The flood asks the same question over 1, 16 and 64 connections. Then it sends the most
 * expensive requests over 16, on a ledger whose orders have the maximum length. Each member is a
 * process of its own. The flooder's process has the lowest priority and opens no reply.
 */
import { parseAccountName } from "../../src/account_name.ts";
import { memoCharactersMax } from "../../src/memo.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { proofRequestType } from "../../src/protocol/proof.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import type { Amount } from "../../src/money.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { orderId } from "../ledger/ledger_samples.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";

/** What is asked for, and over how many connections. */
interface Flood {
  readonly connections: number;
  readonly type: string;
  readonly body: JsonObject;
}

const digest = "0".repeat(64);
const proofs = {
  checkpoints: [{ size: 1, digest }],
  receipts: [1, 2].map((entry) => ({ entry, digest })),
};

const floods: readonly (Flood | undefined)[] = [
  undefined,
  { connections: 1, type: balanceRequestType.type, body: {} },
  { connections: 16, type: balanceRequestType.type, body: {} },
  { connections: 64, type: balanceRequestType.type, body: {} },
  { connections: 16, type: historyRequestType.type, body: { limit: 16 } },
  { connections: 16, type: proofRequestType.type, body: proofs },
];
const secondsEach = 8;
/** More than a page of digests. */
const longEntries = 700;

type Seat = Pick<BenchServer, "endpoint" | "ca"> & { readonly folder: string };

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-fairness-" });
  try {
    await prepare(folder);
    const server = await startBenchServer(folder);
    try {
      await measureAll({ endpoint: server.endpoint, ca: server.ca, folder });
    } finally {
      await server.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes both members, and a ledger that costs much to read. */
async function prepare(folder: string): Promise<void> {
  const server = await startBenchServer(folder);
  const seat = { endpoint: server.endpoint, ca: server.ca, folder };
  let members: Member[] = [];
  try {
    for (const name of ["honest", "flood"]) {
      members = [...members, await openMember(name, seat, { registers: true })];
    }
    for (const member of members) await member.exit();
  } finally {
    await server.stop();
  }
  const [honest, flood] = members as [Member, Member];
  await fillLedger(`${folder}/server.db`, { payer: flood, payee: honest });
}

async function fillLedger(file: string, sides: { payer: Member; payee: Member }): Promise<void> {
  const { anchor, identity, name: payer } = sides.payer.context;
  const terms = { payer, payee: sides.payee.context.name, amount: 1 as Amount };
  const memo = "\u{1f967}".repeat(memoCharactersMax);
  const ledger = await openSqliteLedger({ file, ledgerId: anchor.fingerprint });
  await Promise.all(Array.from({ length: longEntries }, (_, index) => {
    const signing = { identity, anchor, clock: systemClock };
    const order = signOrder({ id: orderId(index), ...terms, memo }, signing);
    return ledger.book(bookingOf(order, { kind: "payment", atMs: systemClock.nowMs() }));
  }));
  await ledger.close();
}

async function measureAll(seat: Seat): Promise<void> {
  const honest = await openMember("honest", seat, { registers: false });
  console.log("flood                   questions/s  median ms  99th pct ms  of alone");
  await measure(honest);
  let alone: number | undefined;
  for (const flood of floods) {
    const flooding = flood && await startFlood(flood, seat);
    const { perSecond, medianMs, p99Ms } = await measure(honest);
    flooding?.kill("SIGKILL");
    await flooding?.status;
    alone ??= perSecond;
    const title = flood ? `${flood.type} over ${flood.connections}` : "none";
    console.log(
      `${title.padEnd(22)}  ${perSecond.toFixed(0).padStart(11)}  ` +
        `${medianMs.toFixed(1).padStart(9)}  ${p99Ms.toFixed(1).padStart(11)}  ` +
        `${(100 * perSecond / alone).toFixed(0)} %`,
    );
  }
  await honest.exit();
}

async function openMember(
  text: string,
  { endpoint, ca, folder }: Seat,
  { registers }: { registers: boolean },
): Promise<Member> {
  const name = parseAccountName(text)!;
  const home = new DataFolder(`${folder}/home`);
  const wallet = new Wallet({
    server: endpoint,
    folder: home,
    trust: { ca },
    timeoutMs: 60_000,
  }, {
    network: tcpNetwork,
    clock: systemClock,
    random: systemRandom,
    makeSessionKey: () => generateSessionKey(2048),
    store: new SqliteWalletStore(home.walletFile()),
  });
  if (registers) await wallet.register(await wallet.connect(), name);
  return await wallet.member(await wallet.connect(), name);
}

async function measure(member: Member) {
  const durationsMs: number[] = [];
  const startMs = performance.now();
  while (performance.now() - startMs < secondsEach * 1000) {
    const beganMs = performance.now();
    await member.balance();
    durationsMs.push(performance.now() - beganMs);
  }
  const perSecond = durationsMs.length / ((performance.now() - startMs) / 1000);
  durationsMs.sort((a, b) => a - b);
  const at = (share: number) => durationsMs[Math.ceil(share * durationsMs.length) - 1]!;
  return { perSecond, medianMs: at(0.5), p99Ms: at(0.99) };
}

/** Another process of this file, in the middle of its flood. */
async function startFlood(flood: Flood, seat: Seat): Promise<Deno.ChildProcess> {
  // The flooder has the lowest priority. In reality it has its own machine; here it would take
  // processor time from both others.
  const child = new Deno.Command("nice", {
    args: [
      ...["-n", "19", Deno.execPath()],
      "run",
      "--no-prompt",
      "-A",
      import.meta.filename!,
      JSON.stringify(seat),
      JSON.stringify(flood),
    ],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return child;
}

/** Asks over so many connections, one question after the other on each, and never stops. */
async function flood(seat: Seat, { connections, type, body }: Flood): Promise<void> {
  const { context } = await openMember("flood", seat, { registers: false });
  const { anchor, identity } = context;
  const sessionKey = await generateSessionKey(2048);
  const resolveAnchor = () => Promise.resolve(anchor);
  const ask = async (): Promise<() => Promise<void>> => {
    const signal = new AbortController().signal;
    const stream = await tcpNetwork.connect(seat.endpoint, { signal });
    const timeoutMs = 60_000;
    const options = { role: "server", resolveAnchor, clock: systemClock, timeoutMs } as const;
    const channel = (await receiveGreeting(stream, options))
      .introduce({ signer: { kind: "certified", identity }, sessionKey });
    const buffer = new Uint8Array(64 * 1024);
    return async () => {
      await channel.send(type, body).written;
      // An answer is one line. It is not opened: that would keep the flood from asking.
      for (let isRead = false; !isRead;) {
        const count = await stream.read(buffer);
        if (count === null) throw new Error("the server closed the connection");
        isRead = buffer.subarray(0, count).includes(0x0a);
      }
    };
  };
  const asking = await Promise.all(Array.from({ length: connections }, ask));
  await Promise.all(asking.map((once) => once()));
  console.log("flooding");
  await Promise.all(asking.map(async (once) => {
    for (;;) await once();
  }));
}

if (import.meta.main) {
  const [seat, given] = Deno.args;
  if (seat === undefined) await main();
  else await flood(JSON.parse(seat), JSON.parse(given!));
}
