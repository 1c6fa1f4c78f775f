/**
 * `pay --batch` as scripts use it: what it prints, and its exit codes.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { json, jsonLines, openSceneInProcess, openSceneWith } from "./driver.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";

Deno.test("pay --batch checks everything first, then pays each line once", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(scene.path(name), text);
    return scene.path(name);
  };
  const pay = (file: string, ...args: string[]) =>
    scene.inProcess(["pay", "--batch", file, ...args]);

  const bad = await pay(await write("bad.csv", "bob,x\nbob,5\nbob\n"), "--via-server", "--yes");
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.stdout, 'line 1: amount "x"');
  assertStringIncludes(bad.stdout, "line 3: it has 1 fields");

  const unknown = await pay(await write("unknown.csv", "bob,5\nnobody,5\nalice,5\n"), "--yes");
  assertEquals(unknown.code, 5);
  assertStringIncludes(unknown.stdout, "line 2: nobody: transfer FAIL: there is no such account");
  assertStringIncludes(unknown.stdout, "line 3: alice: ");

  const dear = await pay(await write("dear.csv", "bob,10000\nbob,1\n"), "--via-server", "--yes");
  assertEquals(dear.code, 5);
  assertStringIncludes(dear.stdout, "bankruptcy");

  await scene.inProcess(["limit", "--per-day", "10"]);
  const beyond = await pay(await write("beyond.csv", "bob,11\n"), "--via-server", "--yes");
  assertEquals(beyond.code, 5);
  assertStringIncludes(beyond.stdout, "limit for 24 hours");
  assertStringIncludes(beyond.stderr, "the file costs 11; nothing was sent");
  await scene.inProcess(["limit", "--per-day", "none", "--yes"]);

  const file = await write("good.csv", 'to,amount,memo\nbob,5,"a, b"\nbob,6,\n');
  const plan = await pay(file, "--via-server", "--dry-run", "--json");
  assertEquals([plan.code, jsonLines(plan.stdout).map(({ outcome }) => outcome)], [
    0,
    ["to_pay", "to_pay", undefined],
  ]);
  assertEquals(jsonLines(plan.stdout)[2]!.cost, 11);

  const unasked = await pay(file, "--via-server");
  assertEquals(unasked.code, 2);
  assertStringIncludes(unasked.stderr, "give --yes too");

  const away = await pay(file, "--yes");
  assertEquals(away.code, 5);
  assertStringIncludes(away.stdout, "lines 2, 3: transfer FAIL: the payee is not online");
  assertStringIncludes(away.stderr, "--via-server");

  const paid = await pay(file, "--via-server", "--yes", "--json");
  assertEquals(paid.code, 0);
  assertEquals(jsonLines(paid.stdout).map(({ line, outcome }) => [line, outcome]), [
    [2, "paid"],
    [3, "paid"],
    [undefined, undefined],
  ]);
  const again = await pay(file, "--via-server", "--json");
  assertEquals([again.code, jsonLines(again.stdout)[2]!.already_paid], [0, 2]);
  assertEquals(json((await scene.inProcess(["balance", "--json"])).stdout).balance, 9989);
});

testWith(
  ["tmux"],
  "in a terminal pay --batch shows a bar, asks, and stops at Ctrl-C with every line told",
  async () => {
    await using scene = await openSceneWith(["alice", "bob"]);
    await Deno.writeTextFile(scene.path("pay.csv"), "bob,1\n".repeat(200));
    const program = [...programCommand(), "client", "127.0.0.1", String(scene.server.port)];
    const pay = [...program, "pay", "--batch", "pay.csv", "--via-server"].map(quote).join(" ");
    // The shell is sent Ctrl-C too, and goes on.
    const commands =
      `trap : INT; ${pay} --dry-run; echo "planned $?"; ${pay}; echo "ended with $?"; read end`;
    await using terminal = await Terminal.open(scene.path("tmux"), {
      command: `/bin/sh -c ${quote(commands)}`,
      folder: scene.folder,
      env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice"), LC_ALL: "C.UTF-8" },
      columns: 100,
      rows: 30,
    });
    await terminal.shows("This will make 200 payments of 200 in all. Do it?");
    await terminal.shows("planned 0");
    assertEquals(scene.payments(), 0);
    await terminal.type("y");
    await terminal.shows(/\[#*·+\] \d+ %/);
    // What is under way stays so until the server goes on.
    scene.server.program.signal("SIGSTOP");
    await terminal.press("C-c");
    await terminal.shows("stopping; waiting for the payments that are under way");
    scene.server.program.signal("SIGCONT");
    const ended = await terminal.shows(/ended with \d/);
    assertStringIncludes(ended, "pay the rest with the same file, unchanged");
    const paid = scene.payments();
    assert(paid > 0 && paid < 200, `${paid} payments`);
  },
);
