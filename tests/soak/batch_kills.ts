/**
 * A batch that is killed at random moments and run again: in the end each line is paid once.
 */
import { assertEquals } from "@std/assert";
import { jsonLines, openScene } from "../end_to_end/driver.ts";
import { walletQuery } from "../end_to_end/wallet_query.ts";

export interface BatchKillsOptions {
  readonly lines: number;
  readonly kills: number;
  readonly onKill?: (kill: { readonly number: number; readonly printed: number }) => void;
}

/** Some of the kills come in this time after the start, unless the first payment is made before. */
const startMsMax = 1000;

/** The others come in this time after the first payment. */
const payingMsMax = 50;

/**
 * @returns how many lines the last run found paid
 * @throws when a line is not paid once
 */
export async function batchKills({ lines, kills, onKill }: BatchKillsOptions): Promise<number> {
  await using scene = await openScene();
  await scene.startServer({ args: ["10", "--silent", "--initial-balance", "1000000"] });
  await scene.register("alice", "bob", "carol");
  const amounts = Array.from({ length: lines }, (_, at) => at % 9 + 1);
  const file = scene.path("payments.csv");
  const text = amounts.map((amount, at) => `${at % 2 ? "bob" : "carol"},${amount},line ${at + 1}`);
  await Deno.writeTextFile(file, `to,amount,memo\n${text.join("\n")}\n`);
  const args = ["pay", "--batch", file, "--via-server", "--yes", "--json"];
  for (let number = 1; number <= kills; number++) {
    const program = scene.startClient(args);
    const paying = program.line(/"outcome":"paid"/);
    if (number % 2 === 0) {
      await paying;
      await delay(Math.random() * payingMsMax);
    } else await Promise.race([paying, delay(Math.random() * startMsMax)]);
    program.signal("SIGKILL");
    await paying.catch(() => {});
    const { stdout } = await program.end();
    onKill?.({ number, printed: stdout.split("\n").length - 1 });
  }
  const { code, stdout, stderr } = await scene.inProcess(args);
  assertEquals(code, 0, stderr);
  const outcomes = jsonLines(stdout).slice(0, -1);
  assertEquals(outcomes.length, lines);
  assertEquals(new Set(outcomes.map(({ entry }) => entry)).size, lines, "each has its own entry");
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  const { stdout: balance } = await scene.inProcess(["balance"]);
  assertEquals(Number(balance), 1_000_000 - sum);
  assertEquals(walletQuery(scene, "alice", "SELECT count(*) FROM receipt"), [lines]);
  assertEquals(walletQuery(scene, "alice", "SELECT count(*) FROM open_order"), [0]);
  const again = await scene.inProcess(args);
  assertEquals(again.code, 0);
  return Number(jsonLines(again.stdout).at(-1)?.already_paid);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
