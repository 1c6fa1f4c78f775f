/**
 * Crash safety, shown: the server is killed with SIGKILL at random moments while pairs of members pay, and started again on what it
 * left. After each round the whole ledger is checked against what every client holds.
 */
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { openScene, type Scene } from "../end_to_end/driver.ts";
import { type CheckedRound, checkRound } from "./check_round.ts";
import { PayingPair } from "./paying_pair.ts";

export interface CrashOptions {
  readonly rounds: number;
  readonly pairs: number;
  readonly onRound?: (round: CheckedRound & { readonly number: number }) => void;
}

/** Acknowledged payments after which the server is killed, at a random moment of the next few milliseconds. */
const paymentsBeforeKillMax = 24;
const killDelayMsMax = 40;

/** @throws when after any round anything is not as it has to be */
export async function crashRounds({ rounds, pairs: count, onRound }: CrashOptions): Promise<void> {
  await using scene = await openScene();
  await scene.startServer({ args: ["100", "--silent", "--initial-balance", "1000000"] });
  const { port } = scene.server;
  let back = Promise.resolve();
  let onPaid = () => {};
  const options = {
    port,
    home: scene.home("all"),
    ca: await caOf(scene),
    sessionKey: await generateSessionKey(2048),
    serverIsThere: () => back,
    onPaid: () => onPaid(),
  };
  const pairs = Array.from({ length: count }, (_, index) => new PayingPair(index, options));
  for (const pair of pairs) await pair.register();

  for (let number = 1; number <= rounds; number++) {
    const stopped = new AbortController();
    const paying = Promise.all(pairs.map((pair) => pair.payUntil(stopped.signal)));
    await somePayments((listener) => onPaid = listener);
    scene.server.program.signal("SIGKILL");
    back = scene.server.program.end().then(async () => {
      await scene.startServer({ args: ["100", "--silent"], port });
    });
    stopped.abort();
    await back;
    await paying;
    await Promise.all(pairs.map((pair) => pair.settle()));
    const checked = await checkRound(scene, pairs);
    onRound?.({ ...checked, number });
  }
  for (const pair of pairs) await pair.leave();
  await scene.server.stop();
}

/** Resolves at a random moment after a random number of payments. */
async function somePayments(listen: (listener: () => void) => void): Promise<void> {
  let left = 1 + Math.floor(Math.random() * paymentsBeforeKillMax);
  await new Promise<void>((resolve) => listen(() => --left === 0 && resolve()));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * killDelayMsMax));
}

async function caOf(scene: Scene): Promise<{ pem: string; path: string }> {
  const path = scene.path("certs", "CA.pem");
  return { path, pem: await Deno.readTextFile(path) };
}
