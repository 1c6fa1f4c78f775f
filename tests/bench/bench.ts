/**
 * `deno task bench`: payments a second, and how long one takes, through the real server with 1, 4 and 16 pairs of clients; beside it
 * what RSA-OAEP alone reaches here. Server and clients are two processes on one machine and share its processors.
 *
 * A payment costs the server two decryptions (locate, submit) and three encryptions (their replies, the payer's result); the
 * payer three and two, the payee two and two: seven of each in all.
 */
import { DataFolder } from "../../src/client/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { parseAccountName } from "../../src/account_name.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { parseAmount } from "../../src/money.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";
import { measureRsa, type RsaSpeed } from "./rsa_speed.ts";

const pairCounts = [1, 4, 16];
/** Payments measured for each number of pairs, after a tenth as many to warm up. */
const payments = 640;
const serverCost = { decrypts: 2, encrypts: 3 };
const totalCost = { decrypts: 7, encrypts: 7 };

interface Pair {
  readonly payer: Member;
  readonly payee: Member;
}

interface Figures {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-bench-" });
  const server = await startBenchServer(folder);
  try {
    const rsa = await measureRsa(2048);
    console.log(`${navigator.hardwareConcurrency} processors, Deno ${Deno.version.deno}, SQLite`);
    console.log(
      `RSA-OAEP 2048 alone: ${rsa.decryptsPerSecond.toFixed(0)} decrypts/s, ` +
        `${rsa.encryptsPerSecond.toFixed(0)} encrypts/s`,
    );
    console.log(
      "pairs  payments/s  median ms  99th pct ms  of the RSA limit: server's work, all three's",
    );
    for (const count of pairCounts) {
      const pairs = await openPairs(count, { folder, server });
      await payAll(pairs, Math.ceil(payments / 10));
      show(count, await payAll(pairs, payments), rsa);
      for (const { payer, payee } of pairs) await Promise.all([payer.exit(), payee.exit()]);
    }
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function show(count: number, { perSecond, medianMs, p99Ms }: Figures, rsa: RsaSpeed): void {
  const share = ({ decrypts, encrypts }: typeof totalCost) => {
    const seconds = decrypts / rsa.decryptsPerSecond + encrypts / rsa.encryptsPerSecond;
    return `${(100 * perSecond * seconds).toFixed(1)} %`;
  };
  console.log(
    `${String(count).padStart(5)}  ${perSecond.toFixed(1).padStart(10)}  ` +
      `${medianMs.toFixed(1).padStart(9)}  ${p99Ms.toFixed(1).padStart(11)}  ` +
      `${share(serverCost).padStart(16)}, ${share(totalCost)}`,
  );
}

async function openPairs(
  count: number,
  { folder, server }: { folder: string; server: BenchServer },
): Promise<Pair[]> {
  return await Promise.all(Array.from({ length: count }, async (_, index) => {
    const payer = await openMember(`payer-${count}-${index}`, { folder, server });
    const payee = await openMember(`payee-${count}-${index}`, { folder, server });
    const online = await payee.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: () => {},
      onFault: (error) => console.error(error),
    });
    if (online.outcome === "refused") throw new Error(`go online: ${online.text}`);
    return { payer, payee };
  }));
}

async function openMember(
  text: string,
  { folder, server }: { folder: string; server: BenchServer },
): Promise<Member> {
  const name = parseAccountName(text)!;
  const wallet = new Wallet({
    server: server.endpoint,
    folder: new DataFolder(`${folder}/home`),
    trust: { ca: server.ca },
    timeoutMs: 60_000,
  }, {
    network: tcpNetwork,
    clock: systemClock,
    random: systemRandom,
    sessionKey: await generateSessionKey(2048),
  });
  const registered = await wallet.register(await wallet.connect(), name);
  if (registered.outcome === "refused") throw new Error(`register ${name}: ${registered.text}`);
  return await wallet.member(await wallet.connect(), name);
}

/** Every pair pays as fast as it can, one payment after the other, until `total` were made. */
async function payAll(pairs: readonly Pair[], total: number): Promise<Figures> {
  const durationsMs: number[] = [];
  const amount = parseAmount("1")!;
  let left = total;
  const startMs = performance.now();
  await Promise.all(pairs.map(async ({ payer, payee }) => {
    while (left-- > 0) {
      const beganMs = performance.now();
      const outcome = await payer.pay({ to: payee.context.name, amount });
      if (outcome.outcome === "refused") throw new Error(`pay: ${outcome.text}`);
      durationsMs.push(performance.now() - beganMs);
    }
  }));
  const seconds = (performance.now() - startMs) / 1000;
  durationsMs.sort((a, b) => a - b);
  const at = (share: number) => durationsMs[Math.ceil(share * durationsMs.length) - 1]!;
  return { perSecond: total / seconds, medianMs: at(0.5), p99Ms: at(0.99) };
}

if (import.meta.main) await main();
