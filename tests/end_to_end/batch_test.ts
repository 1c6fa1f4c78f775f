/**
 * `pay --batch` as scripts use it: what it prints, and its exit codes.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { json, jsonLines, openSceneInProcess } from "./driver.ts";

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
