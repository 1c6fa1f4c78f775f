/**
 * A server whose output is not read or cannot be written keeps serving and handles signals.
 * Afterwards it reports the lines that are missing.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseAccountName } from "../../src/account_name.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { within } from "./output_lines.ts";
import { openScene, openSceneWith, type Scene } from "./driver.ts";

const people = ["alice", "bob", "carol", "dave", "erin", "frank"];
/** More than a pipe and the buffer of its reader hold. */
const stuckBytesMin = 256 * 1024;

Deno.test("a server whose output nobody reads goes on, and ends with 0 on SIGTERM", async () => {
  await using scene = await openSceneWith(people, { args: ["20"] });
  const { stdout } = scene.server.program;
  const readOn = stdout.stopReading();
  for (const name of people) await sendMuch(scene, name);
  assertEquals((await scene.inProcess(["balance"])).stdout, "10000\n");
  // A deadline of its own: the watch over the ledger, which is a timer.
  await scene.ledgerInProcess("close", "frank");
  assertEquals((await scene.inProcess(["balance"], { as: "frank" })).code, 4);
  const readBefore = stdout.text.length;
  scene.server.program.signal("SIGTERM");
  assertEquals(await scene.server.program.exited, 0);
  readOn();
  await scene.server.program.end();
  const wasStuck = stdout.text.length - readBefore;
  assert(wasStuck < stuckBytesMin, `${wasStuck} bytes were taken: nothing was stuck`);
});

Deno.test("a server whose output is read late loses none of it", async () => {
  await using scene = await openSceneWith(people, { args: ["20"] });
  const { stdout } = scene.server.program;
  const readOn = stdout.stopReading();
  for (const name of people) await sendMuch(scene, name);
  readOn();
  const { code, stdout: text } = await scene.server.stop();
  assertEquals(code, 0);
  assert(text.length > stuckBytesMin, `${text.length} bytes are no test`);
  assertEquals(text.match(/^→ \[x\] from /gm)?.length, people.length);
  assertEquals(text.match(/^eyJ[\w.-]{40000,}$/gm)?.length, people.length);
  assertMatch(text, /\nServer stopped\n$/);
});

Deno.test({
  name: "a server whose output is on a full disk says so once, goes on, and ends with 0",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scene = await openScene();
    const port = freePort();
    const toFullDisk = ["/bin/sh", "-c", 'exec "$@" > /dev/full', "sh"];
    const server = scene.start(["server", String(port)], { prefix: toFullDisk });
    await server.errorLine(/^micropay: write to the standard output: No space left/);
    await untilGreeted(port);
    assertEquals((await scene.inProcess(["register", "alice"], { port })).code, 0);
    assertEquals((await scene.inProcess(["balance"], { port })).stdout, "10000\n");
    server.signal("SIGTERM");
    const ended = await server.end();
    assertEquals([ended.code, ended.stderr.trimEnd().split("\n").length], [0, 1]);
  },
});

/** The line that says on which port it listens is not written: it has to be told one. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The server has its port before it has certificates; it greets when it has both. */
async function untilGreeted(port: number): Promise<void> {
  await within("a server that greets", () => "", async () => {
    for (;;) {
      try {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port });
        await connection.read(new Uint8Array(1));
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  });
}

/** One message that is nearly as long as a line may be, answered. */
async function sendMuch(scene: Scene, name: string): Promise<void> {
  const path = scene.path("certs", "CA.pem");
  const folder = new DataFolder(scene.home(name));
  const store = new SqliteWalletStore(folder.walletFile());
  const wallet = new Wallet({
    servers: [{ host: "127.0.0.1", port: scene.server.port }],
    folder,
    trust: { ca: { pem: await Deno.readTextFile(path), path } },
    timeoutMs: 60_000,
  }, {
    network: tcpNetwork,
    clock: systemClock,
    random: systemRandom,
    makeSessionKey: () => Promise.resolve(sessionKeys.alice),
    store,
  });
  const member = await wallet.member(await wallet.connect(), parseAccountName(name)!);
  const { link } = member.context;
  await link.channel.send("x", { text: "y".repeat(30_000) }).written;
  // Whatever was sent before it is answered by then.
  const { outcome } = await link.ask(balanceRequestType, {});
  assertEquals(outcome, "answered");
  await member.abandon();
  wallet.close();
}
