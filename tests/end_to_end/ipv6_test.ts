/**
 * Members and server over IPv6, beside others over IPv4.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openSceneInProcess } from "./driver.ts";

const hasIpv6 = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "a member who is online over IPv6 is paid, and pays one who is online over IPv4",
  ignore: !hasIpv6,
}, async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  const receiver = (as: string, host: string) =>
    scene.startClientInProcess(["receive", "--count", "1"], { as, host });
  const bob = receiver("bob", "[::1]");
  const carol = receiver("carol", "127.0.0.1");
  for (const program of [bob, carol]) await program.errorLine(/^Online/);
  const { stdout } = await scene.inProcess(["list"], { as: "alice", host: "::1" });
  assert(/^bob#::1#\d+$/m.test(stdout), stdout);
  assert(/^carol#127\.0\.0\.1#\d+$/m.test(stdout), stdout);
  const paid = await scene.inProcess(["pay", "bob", "5"], { as: "alice" });
  assertEquals([paid.code, paid.stderr], [0, ""]);
  assertMatch((await bob.end()).stdout, /^\[Notification\] alice just sent you \$5!\n/);
  const back = await scene.inProcess(["pay", "carol", "3"], { as: "bob", host: "[::1]" });
  assertEquals([back.code, back.stderr], [0, ""]);
  assertMatch((await carol.end()).stdout, /^\[Notification\] bob just sent you \$3!\n/);
});
