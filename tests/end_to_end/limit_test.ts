/**
 * `limit`: what a member sees of it, and that it holds for processes that pay at the same moment.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { run } from "../../src/cli/run.ts";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { json, jsonLines, openSceneInProcess, type Scene } from "./driver.ts";
import { type Ended, isExecutable } from "./program.ts";

Deno.test("of five processes that pay at the same moment, no more pay than the limit of a day allows", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  assertEquals((await scene.inProcess(["limit", "--per-day", "25"])).code, 0);
  const paying = Array.from(
    { length: 5 },
    () => scene.client(["pay", "bob", "10", "--via-server", "--json"]),
  );
  const ended = await Promise.all(paying);
  const outcomes = ended.map(({ code, stdout }) => [code, json(stdout).code]);
  assertEquals(outcomes.toSorted(), [
    ...Array.from({ length: 2 }, () => [0, 130]),
    ...Array.from({ length: 3 }, () => [5, 272]),
  ]);
  assertEquals(scene.payments(), 2);
  const shown = await scene.inProcess(["limit", "--json"]);
  assertEquals(jsonLines(shown.stdout), [{ account: "alice", per_day: 25, paid: 20, left: 5 }]);
});

Deno.test("a member sets limits without the server, sees what is left, and is told which limit refused a payment", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const shown = async (...words: string[]) => {
    const { code, stdout, stderr } = await scene.inProcess(["limit", ...words]);
    assertEquals([code, stderr], [0, ""]);
    return stdout.trim().split("\n");
  };
  const paid = "Paid in the last 24 hours, or under way:";
  assertEquals(await shown(), [
    "Limit for one payment: none",
    "Limit for 24 hours: none",
    `${paid} 0`,
  ]);
  await shown("--per-payment", "100");
  const limits = ["Limit for one payment: 100", "Limit for 24 hours: 150"];
  assertEquals(await shown("--per-day", "150"), [...limits, `${paid} 0, so 150 are left`]);
  const pay = (amount: string, ...words: string[]) =>
    scene.inProcess(["pay", "bob", amount, "--via-server", ...words]);
  assertEquals(await pay("101"), {
    code: 5,
    signal: null,
    stdout: "transfer FAIL: more than this wallet's limit for one payment (100)\n",
    stderr: "this wallet pays 100 at the most at once, and nothing was sent; " +
      "pay less, or raise the limit with limit --per-payment N\n",
  });
  assertEquals((await pay("100")).code, 0);
  assertEquals(await pay("51"), {
    code: 5,
    signal: null,
    stdout: "transfer FAIL: more than is left of this wallet's limit for 24 hours (50 of 150)\n",
    stderr: "this wallet pays 150 at the most in 24 hours, of which 50 are left, and nothing was " +
      "sent; pay less, wait, or raise the limit with limit --per-day N\n",
  });
  assertEquals(jsonLines((await pay("51", "--json")).stdout), [{
    code: 272,
    text: "transfer FAIL: more than is left of this wallet's limit for 24 hours (50 of 150)",
    ...{ limit: 150, left: 50 },
  }]);
  await scene.server.stop();
  assertEquals(await shown(), [...limits, `${paid} 100, so 50 are left`]);
  const other = await scene.inProcess(["limit", "--per-day", "5", "--as", "alicia"]);
  assertEquals(other.code, 4);
  assertMatch(other.stderr, /act as alicia: no account of that name .*, only alice; register it/);
  const refused = await scene.inProcess(["limit", "--per-day", "1.5"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /--per-day "1\.5": a limit is a whole number from 0 to \d+, or none/);
});

Deno.test("raising or lifting a limit needs --yes, or a yes on a terminal", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const limit = (...words: string[]) => scene.inProcess(["limit", ...words]);
  assertEquals((await limit("--per-payment", "10", "--per-day", "20")).code, 0);
  const raised = await limit("--per-payment", "11", "--per-day", "none");
  assertEquals([raised.code, raised.stdout], [2, ""]);
  const attempt =
    "raise the limit of alice, --per-payment from 10 to 11 and --per-day from 20 to none";
  assertEquals(raised.stderr, `micropay: ${attempt}: give --yes too, there is nobody to ask\n`);
  const now = async () => {
    const { per_payment, per_day } = json((await limit("--json")).stdout);
    return [per_payment, per_day];
  };
  assertEquals(await now(), [10, 20]);
  assertEquals((await limit("--per-payment", "9")).code, 0);
  assertEquals((await limit("--per-day", "30", "--yes")).code, 0);
  assertEquals(await now(), [9, 30]);
  if (isExecutable) return;
  const asked = await onTerminal(scene, "n\n", "--per-day", "none");
  assertEquals(asked.code, 2);
  assertMatch(asked.stderr, /^This lets more be paid: raise the limit of alice, --per-day from 30/);
  assertMatch(asked.stderr, /Do it\? \[y\/N\]\n.*: not confirmed\n$/);
  assertEquals(await now(), [9, 30]);
  assertEquals((await onTerminal(scene, "y\n", "--per-day", "none")).code, 0);
  assertEquals(await now(), [9, undefined]);
});

/** Runs `limit` for somebody who types an answer. */
async function onTerminal(
  scene: Scene,
  answer: string,
  ...words: string[]
): Promise<Pick<Ended, "code" | "stderr">> {
  let stderr = "";
  const env: Readonly<Record<string, string>> = {
    MICROPAY_HOME: scene.home("alice"),
    MICROPAY_CA: scene.path("certs", "CA.pem"),
  };
  const place = ["client", "127.0.0.1", String(scene.server.port), "limit"];
  const code = await run([...place, ...words], {
    ...systemProcessIo,
    environment: (name) => env[name],
    openInput: () => new Blob([answer]).stream(),
    isTerminal: () => true,
    print: () => {},
    say: (line) => stderr += `${line}\n`,
    onSignal: () => () => {},
  });
  return { code, stderr };
}

Deno.test("the menu names the limit that refuses a payment or a refund", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await scene.inProcess(["limit", "--per-payment", "10"]);
  await scene.inProcess(["pay", "alice", "20", "--via-server"], { as: "bob" });
  const menu = scene.startClientInProcess([], { stdin: "piped" });
  await menu.type("2", "alice", "0", "4", "bob", "11", "y", "7", "3", "", "7", "3", "10", "5");
  const { code, stdout, stderr } = await menu.end();
  assertEquals(code, 0);
  const beyond = "transfer FAIL: more than this wallet's limit for one payment (10)";
  assertEquals(stdout.split("\n").filter((line) => line.startsWith("transfer")), [
    "transfer FAIL: the payee is not online",
    beyond,
    beyond,
    "transfer OK",
  ]);
  assertMatch(
    stderr,
    /pay less, or raise the limit in another terminal with limit --per-payment N/,
  );
});
