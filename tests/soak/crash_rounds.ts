/**
 * Tests crash safety. SIGKILL ends the server at random moments while members pay each other, and
 * it starts again on the files that are left. After each round, the whole ledger is checked against
 * the receipts of every client.
 */
import { openScene } from "../end_to_end/driver.ts";
import { type CheckedRound, checkRound } from "./check_round.ts";
import { Crowd } from "./crowd.ts";

export interface CrashOptions {
  readonly rounds: number;
  readonly members: number;
  readonly onRound?: (round: CheckedRound & { readonly number: number }) => void;
}

/**
 * Acknowledged payments before the kill, which comes at a random moment in the next milliseconds.
 */
const paymentsBeforeKillMax = 24;
const killDelayMsMax = 40;

/** @throws when after any round anything is not as it has to be */
export async function crashRounds({ rounds, members, onRound }: CrashOptions): Promise<void> {
  await using scene = await openScene();
  await scene.startServer({ args: ["100", "--silent", "--initial-balance", "1000000"] });
  const { port } = scene.server;
  const crowd = await Crowd.open(scene, { members, ports: [port] });
  for (let number = 1; number <= rounds; number++) {
    const stopped = new AbortController();
    const paying = crowd.payUntil(stopped.signal);
    await somePayments(crowd);
    scene.server.program.signal("SIGKILL");
    crowd.back = scene.server.program.end().then(() =>
      scene.startServer({ args: ["100", "--silent"], port })
    );
    stopped.abort();
    await crowd.back;
    await paying;
    await crowd.settle();
    const checked = await checkRound(scene, crowd.attempts);
    onRound?.({ ...checked, number });
  }
  await crowd.leave();
  await scene.server.stop();
}

/** Resolves at a random moment after a random number of payments. */
async function somePayments(crowd: Crowd): Promise<void> {
  let left = 1 + Math.floor(Math.random() * paymentsBeforeKillMax);
  await new Promise<void>((resolve) => crowd.onPaid = () => --left === 0 && resolve());
  await new Promise((resolve) => setTimeout(resolve, Math.random() * killDelayMsMax));
}
