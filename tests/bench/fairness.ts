/**
 * `deno run -A tests/bench/fairness.ts`: how much a flooding member slows another one, through the real server. One asks, one question
 * for its balance after the other, alone and then beside a member that floods over 1, 16 and 64 connections. Each is a process of its own;
 * the flood's comes last on the processors that all of them share.
 */
import { parseAccountName } from "../../src/account_name.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";

const floods = [0, 1, 16, 64];
const secondsEach = 8;

type Seat = Pick<BenchServer, "endpoint" | "ca"> & { readonly folder: string };

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-fairness-" });
  const server = await startBenchServer(folder);
  try {
    const seat = { endpoint: server.endpoint, ca: server.ca, folder };
    const honest = await openMember("honest", seat, { registers: true });
    await openMember("flood", seat, { registers: true }).then((member) => member.exit());
    console.log("flooding connections  questions/s  median ms  99th pct ms  of alone");
    let alone: number | undefined;
    for (const connections of floods) {
      const flood = connections === 0 ? undefined : await startFlood(connections, seat);
      const { perSecond, medianMs, p99Ms } = await measure(honest);
      flood?.kill("SIGKILL");
      await flood?.status;
      alone ??= perSecond;
      console.log(
        `${String(connections).padStart(20)}  ${perSecond.toFixed(0).padStart(11)}  ` +
          `${medianMs.toFixed(1).padStart(9)}  ${p99Ms.toFixed(1).padStart(11)}  ` +
          `${(100 * perSecond / alone).toFixed(0)} %`,
      );
    }
    await honest.exit();
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function openMember(
  text: string,
  { endpoint, ca, folder }: Seat,
  { registers }: { registers: boolean },
): Promise<Member> {
  const name = parseAccountName(text)!;
  const wallet = new Wallet({
    server: endpoint,
    folder: new DataFolder(`${folder}/home`),
    trust: { ca },
    timeoutMs: 60_000,
  }, {
    network: tcpNetwork,
    clock: systemClock,
    random: systemRandom,
    sessionKey: await generateSessionKey(2048),
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
async function startFlood(connections: number, seat: Seat): Promise<Deno.ChildProcess> {
  // It comes last on the processors: a flooder has its own machine, and here it would take from both others what is not the server's to give.
  const child = new Deno.Command("nice", {
    args: [
      ...["-n", "19", Deno.execPath()],
      "run",
      "--no-prompt",
      "-A",
      import.meta.filename!,
      JSON.stringify(seat),
      `${connections}`,
    ],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return child;
}

/** Asks over so many connections, eight questions at a time on each, and never stops. */
async function flood(seat: Seat, connections: number): Promise<void> {
  const members = await Promise.all(
    Array.from({ length: connections }, () => openMember("flood", seat, { registers: false })),
  );
  await Promise.all(members.map((member) => member.balance()));
  console.log("flooding");
  const asking = members.flatMap((member) =>
    Array.from({ length: 8 }, async () => {
      for (;;) await member.balance();
    })
  );
  await Promise.all(asking);
}

if (import.meta.main) {
  const [seat, connections] = Deno.args;
  if (seat === undefined) await main();
  else await flood(JSON.parse(seat), Number(connections));
}
