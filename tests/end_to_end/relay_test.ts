/**
 * A payee at an address that nobody can connect to is paid by relay, as people and scripts see it.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { json, jsonLines, openSceneInProcess } from "./driver.ts";

Deno.test("a payee behind a closed port is paid by relay, and pay and receive say so", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const bob = await scene.receiver("bob", ["--advertise", `127.0.0.1:${port}`, "--count", "2"]);
  const forbidden = await scene.inProcess(["pay", "bob", "1", "--no-relay", "--json"]);
  assertEquals([forbidden.code, json(forbidden.stdout).code], [5, 264]);
  const paid = await scene.inProcess(["pay", "bob", "5", "--memo", "lunch"]);
  assertMatch(paid.stdout, /^transfer OK\npaid 5 to bob, .*, id \S+, by relay\n$/);
  const again = await scene.inProcess(["pay", "bob", "6", "--json"]);
  assertEquals(json(again.stdout).way, "relay");
  const told = jsonLines((await bob.end()).stdout).slice(1);
  assertEquals(told.map(({ amount, memo, way }) => [amount, memo, way]), [
    [5, "lunch", "relay"],
    [6, undefined, "relay"],
  ]);
});
