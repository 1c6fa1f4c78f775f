/**
 * `deno task fairness`: how much flooding members slow another member, through the real server. One
 * member asks for its balance repeatedly, first alone and then beside each flood. One member floods
 * over 1, 16 and 64 connections. Then it sends the most expensive requests over 16, on a ledger
 * whose orders have the maximum length. At last 1,000 members who are online list and audit all the
 * time, and the memory of the server is told before, meanwhile and afterwards.
 *
 * The flooding members are a process of their own. It has the lowest priority and opens no reply.
 */
import { join } from "node:path";
import type { AccountName } from "../../src/account_name.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { memoCharactersMax } from "../../src/memo.ts";
import type { Amount } from "../../src/money.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { proofRequestType } from "../../src/protocol/proof.ts";
import { systemRandom } from "../../src/random.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { peakBytesOf, processFigures } from "../faults/process_figures.ts";
import { orderId } from "../ledger/ledger_samples.ts";
import { makeAwayMember } from "../scale/away_member.ts";
import { makeLargeLedger, readLargeLedgerFolder } from "../scale/large_ledger.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";

/** Who asks for what, and over how many connections each. */
interface Flood {
  readonly title: string;
  readonly members: number;
  readonly connections: number;
  /** Each connection asks these in turn. */
  readonly requests: readonly { readonly type: string; readonly body: JsonObject }[];
  /** Whether the members are online. */
  readonly isOnline?: boolean;
}

const crowdMembers = 1000;
/** Entries of the ledger before the flooding member's long ones. */
const entries = 20_000;
/** More than a page of digests. */
const longEntries = 700;
const secondsEach = 8;
/** How long the server is left alone before its memory is read. */
const quietSeconds = 15;

const balance = { type: balanceRequestType.type, body: {} };
const history = { type: historyRequestType.type, body: { limit: 16 } };
const proof = proofOf(1, [1, 2]);
const list = { type: listRequestType.type, body: {} };
const audit = proofOf(entries / 2, [entries / 4]);

/** Returns a request for proofs of one checkpoint and some receipts. Any digests will do. */
function proofOf(size: number, numbers: readonly number[]) {
  const digest = "0".repeat(64);
  const checkpoints = [{ size, digest }];
  const receipts = numbers.map((entry) => ({ entry, digest }));
  return { type: proofRequestType.type, body: { checkpoints, receipts } };
}

const floods: readonly Flood[] = [
  { title: "balance over 1", members: 1, connections: 1, requests: [balance] },
  { title: "balance over 16", members: 1, connections: 16, requests: [balance] },
  { title: "balance over 64", members: 1, connections: 64, requests: [balance] },
  { title: "history over 16", members: 1, connections: 16, requests: [history] },
  { title: "proof over 16", members: 1, connections: 16, requests: [proof] },
];

const crowd: Flood = {
  title: `${crowdMembers} list and audit`,
  members: crowdMembers,
  connections: 1,
  requests: [list, audit],
  isOnline: true,
};

type Seat = Pick<BenchServer, "endpoint" | "ca"> & { readonly folder: string };

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-fairness-" });
  try {
    await makeLargeLedger(folder, { entries, accounts: crowdMembers + 1, threads: 1 });
    const { name } = await makeAwayMember(`${folder}/home`, { folder, entries, place: 0 });
    await fillLedger(folder, name);
    const server = await startBenchServer(folder, { userLimit: crowdMembers + 100 });
    try {
      await measureAll(name, { ...server, folder });
    } finally {
      await server.stop();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Books the longest orders from the first flooding member. */
async function fillLedger(folder: string, payee: AccountName): Promise<void> {
  const { members, certificates: { anchor } } = await readLargeLedgerFolder(folder);
  const payer = members[1]!;
  const options = { ...payer, anchor, role: "member", atMs: systemClock.nowMs() } as const;
  const signing = { identity: openIdentity(options), anchor, clock: systemClock };
  const terms = { payer: payer.name, payee, amount: 1 as Amount };
  const memo = "\u{1f967}".repeat(memoCharactersMax);
  const ledger = await openSqliteLedger({
    file: join(folder, "server.db"),
    ledgerId: anchor.fingerprint,
  });
  await Promise.all(Array.from({ length: longEntries }, (_, index) => {
    const order = signOrder({ id: orderId(index), ...terms, memo }, signing);
    return ledger.book(bookingOf(order, { kind: "payment", atMs: systemClock.nowMs() }));
  }));
  await ledger.close();
}

async function measureAll(name: AccountName, server: Seat & { readonly pid: number }) {
  const honest = await openMember(name, server);
  console.log("| flood | its answers/s | questions/s | median ms | p99 ms | of alone |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
  const alone = await measure(honest);
  printRow("none", alone, { alone });
  const measureBeside = async (flood: Flood) => {
    const flooding = await startFlood(flood, server);
    flooding.takeAnswers();
    const measured = await measure(honest);
    const answersPerSecond = flooding.takeAnswers() / secondsEach;
    printRow(flood.title, measured, { alone, answersPerSecond });
    return flooding;
  };
  for (const flood of floods) await (await measureBeside(flood)).end();
  const megabytes = async () =>
    `${((await processFigures(server.pid)).residentBytes / 1e6).toFixed(0)} MB`;
  const before = await megabytes();
  const flooding = await measureBeside(crowd);
  const during = await megabytes();
  await flooding.end();
  const peak = `${(await peakBytesOf(server.pid) / 1e6).toFixed(0)} MB`;
  const seconds: string[] = [];
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, quietSeconds * 1000));
    seconds.push(`${await megabytes()} after ${(round + 1) * quietSeconds} s`);
  }
  console.log(`Memory: ${before} before the ${crowdMembers}, ${during} with them, peak ${peak},`);
  console.log(`${seconds.join(", ")} without them`);
  await honest.exit();
}

type Measured = Awaited<ReturnType<typeof measure>>;

function printRow(
  title: string,
  { perSecond, medianMs, p99Ms }: Measured,
  { alone, answersPerSecond = 0 }: { readonly alone: Measured; readonly answersPerSecond?: number },
): void {
  const share = `${(100 * perSecond / alone.perSecond).toFixed(0)} %`;
  const cells = [
    title,
    answersPerSecond.toFixed(0),
    perSecond.toFixed(1),
    medianMs.toFixed(1),
    p99Ms.toFixed(1),
    share,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

async function openMember(name: AccountName, { endpoint, ca, folder }: Seat): Promise<Member> {
  const home = new DataFolder(`${folder}/home`);
  const wallet = new Wallet({
    servers: [endpoint],
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

/** Starts another process of this file, and waits until it is in the middle of its flood. */
async function startFlood(flood: Flood, { endpoint, ca, folder }: Seat) {
  // The flooders have the lowest priority. In reality they have their own machines; here they would
  // take processor time from both others.
  const seat = JSON.stringify({ endpoint, ca, folder });
  const args = ["run", "--no-prompt", "-A", import.meta.filename!, seat, JSON.stringify(flood)];
  const child = new Deno.Command("nice", {
    args: ["-n", "19", Deno.execPath(), ...args],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  for (let text = ""; !text.includes("flooding");) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the flood ended: ${flood.title}`);
    text += new TextDecoder().decode(value);
  }
  let dots = 0;
  const counting = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      dots += value.length;
    }
  })();
  return {
    /** Answers that the flood got since the last call. */
    takeAnswers() {
      const answers = dots * answersPerDot;
      dots = 0;
      return answers;
    },
    async end() {
      child.kill("SIGKILL");
      await counting;
      await child.status;
    },
  };
}

/** Asks over all connections, one question after the other on each, and never stops. */
async function flood(seat: Seat, { members, connections, requests, isOnline }: Flood) {
  const folder = await readLargeLedgerFolder(seat.folder);
  const asking: Awaited<ReturnType<typeof openQuestions>>[] = [];
  for (const member of folder.members.slice(1, members + 1)) {
    const { anchor } = folder.certificates;
    const atMs = systemClock.nowMs();
    const identity = openIdentity({ ...member, anchor, role: "member", atMs });
    for (let connection = 0; connection < connections; connection++) {
      const ask = await openQuestions(seat, { identity, anchor });
      if (isOnline) await ask(loginRequestType.type, { name: member.name, port: 1024 });
      asking.push(ask);
    }
  }
  let answers = 0;
  const dot = new TextEncoder().encode(".");
  const ask = async (once: (typeof asking)[number]) => {
    for (const { type, body } of requests) {
      await once(type, body);
      if (++answers % answersPerDot === 0) Deno.stdout.writeSync(dot);
    }
  };
  await Promise.all(asking.map(ask));
  console.log("flooding");
  await Promise.all(asking.map(async (once) => {
    for (;;) await ask(once);
  }));
}

/** A flood prints a dot after each so many answers. */
const answersPerDot = 20;

/** Opens a connection, and returns a function that asks over it and waits for the answer. */
async function openQuestions(
  { endpoint }: Seat,
  { identity, anchor }: { readonly identity: Identity; readonly anchor: TrustAnchor },
): Promise<(type: string, body: JsonObject) => Promise<void>> {
  const stream = await tcpNetwork.connect(endpoint, { signal: new AbortController().signal });
  const channel = (await receiveGreeting(stream, {
    role: "server",
    resolveAnchor: () => Promise.resolve(anchor),
    clock: systemClock,
    timeoutMs: 60_000,
  })).introduce({ signer: { kind: "certified", identity }, sessionKey: await sessionKey });
  const buffer = new Uint8Array(64 * 1024);
  return async (type, body) => {
    await channel.send(type, body).written;
    // An answer is one line. It is not opened: that would keep the flood from asking.
    for (let isRead = false; !isRead;) {
      const count = await stream.read(buffer);
      if (count === null) throw new Error("the server closed the connection");
      isRead = buffer.subarray(0, count).includes(0x0a);
    }
  };
}

/** All connections of a flood share it. */
const sessionKey = generateSessionKey(2048);

if (import.meta.main) {
  const [seat, given] = Deno.args;
  if (seat === undefined) await main();
  else await flood(JSON.parse(seat), JSON.parse(given!));
}
