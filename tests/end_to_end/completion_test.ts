/**
 * Completion of what the wallet knows: servers, accounts, peers and payments.
 */
import { assertEquals } from "@std/assert";
import { json, openSceneInProcess, type Scene } from "./driver.ts";
import { runCommand } from "./command.ts";

/** Returns what completion prints for a line, in the home of alice. */
async function completed(scene: Scene, shell: string, ...line: string[]): Promise<string[]> {
  const env = { MICROPAY_HOME: scene.home("alice") };
  const { code, stdout, stderr } = await runCommand(["completion", shell, ...line], { env });
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").filter((found) => found !== "");
}

Deno.test("completion suggests the servers, accounts, peers and payments of the wallet, without the server", async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  const pay = (to: string, amount: string) =>
    scene.inProcess(["pay", to, amount, "--via-server", "--memo", "a:b", "--json"]);
  const first = json((await pay("bob", "5")).stdout);
  const second = json((await pay("carol", "7")).stdout);
  await scene.inProcess(["register", "alba"]);
  const fingerprint = scene.query("SELECT id FROM ledger").trim();
  await scene.inProcess(["balance", "--as", "alice", "--fingerprint", fingerprint]);
  await scene.server.stop();
  const port = String(scene.server.port);
  const server = ["client", "127.0.0.1", port];
  const rows: readonly (readonly [line: string[], expected: unknown[]])[] = [
    [["client", "1"], ["127.0.0.1"]],
    [["client", "127.0.0.1", ""], [port]],
    [["client", "192.0.2.1", ""], []],
    [[...server, "list", "--as", ""], ["alba", "alice"]],
    [[...server, "--as=ali"], ["--as=alice"]],
    [["client", "identity", "show", "--as", "alb"], ["alba"]],
    [["client", "192.0.2.1", port, "--as", ""], ["alba", "alice"]],
    [[...server, "pay", ""], ["bob", "carol"]],
    [["client", "--as", "alice", "127.0.0.1", port, "pay", "c"], ["carol"]],
    [[...server, "pay", "--as", "alba", ""], []],
    [[...server, "receipt", ""], [second.entry, second.id, first.entry, first.id].map(String)],
    [[...server, "refund", String(first.id).slice(0, -1)], [first.id]],
    [[...server, "status", "x"], []],
  ];
  for (const [line, expected] of rows) {
    const found = await completed(scene, "bash", ...line);
    assertEquals([line, found.toSorted()], [line, expected.toSorted()]);
  }
  const [described] = await completed(scene, "fish", ...server, "receipt", String(first.entry));
  assertEquals(described, `${first.entry}\talice paid bob 5`);
});

Deno.test("completion suggests nothing from a wallet that is missing or damaged", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const line = ["client", "127.0.0.1", String(scene.server.port), "--as", ""];
  assertEquals(await completed(scene, "bash", ...line), ["alice"]);
  await Deno.writeTextFile(`${scene.home("alice")}/wallet.db`, "no database".repeat(999));
  assertEquals(await completed(scene, "bash", ...line), []);
  await Deno.remove(`${scene.home("alice")}/wallet.db`);
  // The accounts are files of their own.
  assertEquals(await completed(scene, "zsh", ...line), ["alice"]);
  assertEquals(await completed(scene, "zsh", ...line.slice(0, 3), "pay", ""), []);
  await Deno.remove(scene.home("alice"), { recursive: true });
  assertEquals(await completed(scene, "zsh", ...line), []);
});
