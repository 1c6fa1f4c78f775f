/**
 * The payee has the order, and its outcome is unknown. The client exits with 6 and prints the id.
 * The id finds the outcome later and is safe to use again.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { json, openSceneInProcess, openSceneWith, type Scene } from "./driver.ts";
import { HoldingProxy, holdOrders, holdReceiver } from "./holding_proxy.ts";

Deno.test("when payee and server disappear with the order, the payer learns the id, and the later payment is booked once", async () => {
  await using scene = await openSceneWith(["alice", "bob"]);
  await using proxy = new HoldingProxy(scene.server.port);
  const id = await payInVain(scene, proxy);
  // What the payee handed in was on its way all the time.
  scene.server.program.signal("SIGCONT");
  await proxy.release();
  const status = await scene.inProcess(["status", id, "--json"]);
  const { entry, receipt } = json(status.stdout);
  assertEquals(json(status.stdout), { code: 130, text: "transfer OK", id, entry, receipt });
  const again = await scene.inProcess(["pay", "bob", "2000", "--id", id, "--json"]);
  assertEquals(json(again.stdout), { code: 130, text: "transfer OK", id, entry, receipt });
  assertEquals([scene.payments(), (await scene.inProcess(["balance"])).stdout], [1, "8000\n"]);
});

Deno.test("a lost order has an unknown status, and paying with the same id books once", async () => {
  await using scene = await openSceneWith(["alice", "bob"]);
  await using proxy = new HoldingProxy(scene.server.port);
  const id = await payInVain(scene, proxy);
  scene.server.program.signal("SIGCONT");
  await proxy[Symbol.asyncDispose]();
  await scene.server.program.line(/bob is offline/);
  const status = await scene.inProcess(["status", id, "--json"]);
  assertEquals([status.code, json(status.stdout)], [5, { code: 400, text: "unknown", id }]);
  await scene.receiver("bob");
  const pay = ["pay", "bob", "2000", "--id", id, "--json"];
  const [first, second] = [await scene.inProcess(pay), await scene.inProcess(pay)];
  assertEquals([first.code, json(first.stdout).code], [0, 130]);
  // Nothing was sent the second time, so it took no way.
  assertEquals({ ...json(second.stdout), way: "direct" }, json(first.stdout));
  const other = await scene.inProcess(["pay", "bob", "1", "--id", id, "--json"]);
  const conflict = { code: 266, text: "transfer FAIL: this id was used for another payment" };
  assertEquals([other.code, json(other.stdout)], [5, conflict]);
  assertEquals(scene.payments(), 1);
});

Deno.test("when the payee stops waiting for the server, the payer is in doubt, not refused", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await using proxy = new HoldingProxy(scene.server.port);
  await holdReceiver(scene, proxy, ["--timeout", "2"]);
  const paid = await scene.inProcess(["pay", "bob", "2000", "--json"]);
  assertEquals([paid.code, paid.stdout, json(paid.stderr).error], [6, "", "unknown_outcome"]);
  await proxy.release();
  const status = await scene.inProcess(["status", String(json(paid.stderr).id)]);
  assertEquals(status.code, 0);
});

/**
 * @returns the id of a payment; its payee was killed with the order while the server was stopped
 */
async function payInVain(scene: Scene, proxy: HoldingProxy): Promise<string> {
  const bob = await scene.receiverProcess("bob", proxy.port);
  await holdOrders(proxy);
  const alice = scene.startClient(["pay", "bob", "2000", "--json", "--timeout", "2"]);
  await proxy.holding();
  scene.server.program.signal("SIGSTOP");
  bob.signal("SIGKILL");
  const { code, stdout, stderr } = await alice.end();
  assertEquals([code, stdout], [6, ""]);
  const { error, text, id } = json(stderr);
  assertEquals(error, "unknown_outcome");
  const ask = `micropay client 127.0.0.1 ${scene.server.port} --home ${scene.home("alice")} status`;
  assertStringIncludes(String(text), `Ask with: ${ask} ${id}`);
  assert(typeof id === "string");
  return id;
}
