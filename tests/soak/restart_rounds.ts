/**
 * The server restarts again and again while one member receives and another one pays: `receive`
 * prints each payment once.
 */
import { assertEquals } from "@std/assert";
import { json, jsonLines, openSceneWith } from "../end_to_end/driver.ts";

export interface RestartOptions {
  readonly rounds: number;
  readonly onRound?: (round: { readonly number: number; readonly printed: number }) => void;
}

/**
 * Every other restart is a SIGKILL, which says goodbye to nobody.
 *
 * @returns how many payments were made
 * @throws when a payment is not printed once
 */
export async function restartRounds({ rounds, onRound }: RestartOptions): Promise<number> {
  await using scene = await openSceneWith(["alice", "bob"]);
  const { port } = scene.server;
  const bob = await scene.receiver("bob");
  const stopped = new AbortController();
  const paying = (async () => {
    // While the server is away, a payment fails. The next one settles it.
    while (!stopped.signal.aborted) await scene.inProcess(["pay", "bob", "1", "--via-server"]);
  })();
  for (let number = 1; number <= rounds; number++) {
    await bob.line(/"event":"payment"/);
    scene.server.program.signal(number % 2 === 0 ? "SIGTERM" : "SIGKILL");
    await scene.server.program.end();
    await scene.startServer({ port });
    await bob.line(/"event":"online"/);
    onRound?.({ number, printed: printedIn(bob.stdout.text).length });
  }
  stopped.abort();
  await paying;
  const last = await scene.inProcess(["pay", "bob", "2", "--via-server", "--json"]);
  assertEquals(last.code, 0, last.stderr);
  await bob.line(new RegExp(`"entry":${json(last.stdout).entry},`));
  bob.signal("SIGTERM");
  const { code, stdout } = await bob.end();
  assertEquals(code, 0);
  const printed = printedIn(stdout);
  const booked = scene.query("SELECT number FROM entry WHERE kind = 'payment' ORDER BY number");
  assertEquals(printed.toSorted((a, b) => a - b), booked.trimEnd().split("\n").map(Number));
  return printed.length;
}

/** Returns the numbers of the printed entries, in their order. */
function printedIn(stdout: string): number[] {
  const whole = stdout.slice(0, stdout.lastIndexOf("\n") + 1);
  return jsonLines(whole).filter(({ event }) => event === "payment").map(({ entry }) =>
    Number(entry)
  );
}
