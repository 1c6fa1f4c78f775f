/**
 * A payer that is killed or stopped after it sent its order learns the outcome when it starts
 * again.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { parseAccountName } from "../../src/account_name.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { unverified } from "../client/wallet/wallet_rows.ts";
import { json, jsonLines, openScene, openSceneInProcess, type Scene } from "./driver.ts";
import { HoldingProxy, holdReceiver } from "./holding_proxy.ts";
import type { Program } from "./program.ts";
import { walletQuery } from "./wallet_query.ts";

/**
 * Alice's order is with bob, whose way to the server is blocked.
 *
 * @param paying returns the words of alice's command
 */
async function underWay(
  act: (scene: Scene, proxy: HoldingProxy, pay: Program) => Promise<void>,
  paying: (scene: Scene) => Promise<string[]> = () => Promise.resolve(["pay", "bob", "2000"]),
): Promise<void> {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await using proxy = new HoldingProxy(scene.server.port);
  const words = await paying(scene);
  const bob = await holdReceiver(scene, proxy, ["--timeout", "60"]);
  const pay = scene.startClient([...words, "--json", "--timeout", "60"]);
  await proxy.holding();
  await act(scene, proxy, pay);
  bob.signal("SIGINT");
  assertEquals(jsonLines((await bob.end()).stdout).length, 2);
  assertEquals(scene.payments(), 1);
}

Deno.test("a payer that was killed after sending the order learns the outcome at its next start, and stores the receipt", async () => {
  await underWay(async (scene, proxy, pay) => {
    pay.signal("SIGKILL");
    await pay.end();
    const open = await scene.inProcess(["balance", "--json"]);
    const [unsettled, ...others] = jsonLines(open.stderr);
    assertEquals([open.code, json(open.stdout).balance, others], [0, 10_000, []]);
    const { event, outcome, to, amount, until } = unsettled!;
    assertEquals([event, outcome, to, amount], ["settled", "open", "bob", 2000]);
    assertMatch(String(until), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    await proxy.release();
    const done = await scene.inProcess(["balance"]);
    assertEquals([done.code, done.stdout], [0, "8000\n"]);
    const text = `the payment ${
      unsettled!.id
    } of 2000 to bob, which was in doubt, is done: entry 3`;
    assertEquals(done.stderr, `micropay: ${text}\n`);
    const again = await scene.inProcess(["audit", "--json"]);
    assertEquals([again.stderr, json(again.stdout).receipts], ["", 1]);
  });
});

Deno.test("a payer that was killed after it sent the order of a request pays it once with the same command", async () => {
  let uri = "";
  await underWay(async (scene, proxy, pay) => {
    pay.signal("SIGKILL");
    await pay.end();
    await proxy.release();
    const again = ["pay", uri, "--yes", "--json"];
    const [second, third] = [await scene.inProcess(again), await scene.inProcess(again)];
    assertEquals([second.code, json(second.stdout).code], [0, 130]);
    assertEquals(json(third.stdout), json(second.stdout));
    const listed = await scene.inProcess(["requests", "--json"], { as: "bob" });
    const { state, paidBy } = json(listed.stdout);
    assertEquals([state, paidBy], ["paid", "alice"]);
  }, async (scene) => {
    const made = await scene.inProcess(["request", "2000", "--json"], { as: "bob" });
    uri = String(json(made.stdout).uri);
    return ["pay", uri, "--yes"];
  });
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`a payer that ${signal} ends after it sent the order says so at once, with the id and exit code 6`, async () => {
    await underWay(async (scene, proxy, pay) => {
      pay.signal(signal);
      const { code, stdout, stderr } = await pay.end();
      const { error, text, id } = json(stderr);
      assertEquals([code, stdout, error], [6, "", "unknown_outcome"]);
      assertMatch(String(text), /waiting was interrupted/);
      await proxy.release();
      const paid = await scene.inProcess(["pay", "bob", "2000", "--id", String(id), "--json"]);
      assertEquals([paid.code, json(paid.stdout).id], [0, id]);
      const [settled] = jsonLines(paid.stderr);
      assertEquals([settled?.id, settled?.outcome], [id, "done"]);
    });
  });
}

for (
  const { command, says } of [
    { command: ["pay", "bob", "5"], says: "pay: it was interrupted; nothing was sent" },
    {
      command: ["pay", "bob", "5", "--id", "019aaf3e-7c00-7000-8000-000000000001"],
      says: "pay: it was interrupted; nothing was sent now",
    },
    {
      command: ["refund", "019aaf3e-7c00-7000-8000-000000000001"],
      says: "refund: it was interrupted; nothing was sent now",
    },
  ]
) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${command.join(" ")} that ${signal} ends while it connects says that nothing was sent`, async () => {
      await using scene = await openScene();
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      const args = [...command, "--json", "--timeout", "60"];
      // No server of the scene has made a CA, so the client must not look for one.
      const paying = scene.startClientInProcess(args, { port, env: { MICROPAY_CA: "" } });
      const first = await Promise.race([listener.accept(), paying.end()]);
      assert("close" in first, "the client ended before it connected");
      using _connection = first;
      paying.signal(signal);
      const { code, stdout, stderr } = await paying.end();
      assertEquals([code, stdout], [1, ""]);
      assertEquals(json(stderr), { error: "interrupted", text: says });
    });
  }
}

Deno.test("a payment that is interrupted while earlier ones are settled says that nothing was sent", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const paid = await scene.inProcess(["pay", "bob", "100", "--via-server", "--json"]);
  await leaveInDoubt(scene, "alice", json(paid.stdout));
  await using proxy = new HoldingProxy(scene.server.port);
  proxy.hold();
  const args = ["pay", "bob", "5", "--via-server", "--json", "--timeout", "60"];
  const paying = scene.startClient(args, { port: proxy.port });
  await proxy.holding();
  paying.signal("SIGINT");
  const { code, stderr } = await paying.end();
  assertEquals([code, json(stderr).error], [1, "interrupted"]);
  await proxy.release();
  assertEquals(scene.payments(), 1);
});

Deno.test("a refund with a lost answer is the result of the same command again, and is booked once", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const { id } = json(
    (await scene.inProcess(["pay", "bob", "100", "--via-server", "--json"])).stdout,
  );
  const refund = ["refund", String(id), "30", "--json"];
  const booked = await scene.inProcess(refund, { as: "bob" });
  await leaveInDoubt(scene, "bob", json(booked.stdout));
  const again = await scene.inProcess(refund, { as: "bob" });
  // Nothing was sent again, so it took no way.
  assertEquals({ ...json(again.stdout), way: "server" }, json(booked.stdout));
  const refunds = "SELECT count(*) FROM entry WHERE kind = 'refund'";
  assertEquals(scene.query(refunds), "1\n");
  // It was told: the same words are another one now, unless they say its id.
  const refundId = String(json(booked.stdout).id);
  assertEquals(await scene.inProcess([...refund, "--id", refundId], { as: "bob" }), again);
  assertEquals((await scene.inProcess(refund, { as: "bob" })).code, 0);
  assertEquals(scene.query(refunds), "2\n");
});

/** The state of a client that was killed after the server booked its order and before the reply. */
async function leaveInDoubt(
  scene: Scene,
  person: string,
  { id, receipt }: Record<string, unknown>,
): Promise<void> {
  const { ledger } = decodeJwt(String(receipt));
  const store = new SqliteWalletStore(`${scene.home(person)}/wallet.db`);
  const { outbox, receipts } = store.account(String(ledger), parseAccountName(person)!);
  const [kept] = await receipts.find({ id: String(id) });
  await outbox.add(unverified(kept!.order));
  store.close();
  walletQuery(scene, person, "DELETE FROM receipt WHERE id = ?", kept!.id);
}

Deno.test("a payee that cannot store a receipt sees the payment, and how to get its receipt later", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const bob = await scene.receiver("bob");
  const file = `${scene.home("bob")}/wallet.db`;
  // The audit at the login has made it.
  for (const name of ["", "-wal", "-shm"]) await Deno.remove(`${file}${name}`);
  await Deno.mkdir(file);
  assertEquals((await scene.inProcess(["pay", "bob", "5", "--json"])).code, 0);
  await bob.line(/"event":"payment".*"amount":5,"entry":3/);
  const [, since] = await bob.errorLine(
    /^micropay: keep the receipt of entry 3, 5 from alice: .*wallet\.db: .* receive (--since 2) fetches/,
  );
  bob.signal("SIGINT");
  assertEquals((await bob.end()).code, 0);
  await Deno.remove(file);
  const args = ["receive", ...since!.split(" "), "--count", "1", "--json"];
  assertEquals((await scene.inProcess(args, { as: "bob" })).code, 0);
  assertEquals(walletQuery(scene, "bob", "SELECT count(*) FROM receipt"), [1]);
});

Deno.test("the menu shows the outcome of a payment in doubt at the login", async () => {
  await underWay(async (scene, proxy, pay) => {
    pay.signal("SIGKILL");
    await pay.end();
    await proxy.release();
    const menu = scene.startClientInProcess([], { stdin: "piped" });
    await menu.type("2", "alice", "0", "5");
    await menu.errorLine(/^micropay: the payment \S+ of 2000 to bob, .* is done: entry 3$/);
    assertEquals((await menu.end()).code, 0);
  });
});

Deno.test("an online payee sees a payment through the server once, at the menu as well", async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  const bob = await scene.receiver("bob");
  const menu = scene.startClientInProcess([], { as: "carol", stdin: "piped" });
  await menu.type("2", "carol", "0");
  await menu.line(/^Number online: 2$/);
  const id = "019aaf3e-7c00-7000-8000-00000000000a";
  const pay = ["pay", "bob", "5", "--id", id, "--json"];
  const attempts = [[...pay, "--via-server"], [...pay, "--via-server"], pay];
  const paid = await Promise.all(attempts.map((args) => scene.inProcess(args)));
  assertEquals(paid.map(({ code }) => code), [0, 0, 0]);
  assertEquals(new Set(paid.map(({ stdout }) => json(stdout).receipt)).size, 1);
  const lunch = ["pay", "carol", "7", "--via-server", "--memo", "lunch"];
  assertEquals((await scene.inProcess(lunch)).code, 0);
  await menu.line(/^\[Notification\] alice just sent you \$7! \("lunch"\)$/);
  const refund = await scene.inProcess(["refund", id, "2", "--json"], { as: "bob" });
  assertEquals(refund.code, 0);
  await menu.type("5");
  assertEquals((await menu.end()).code, 0);
  bob.signal("SIGINT");
  const told = jsonLines((await bob.end()).stdout).slice(1);
  assertEquals(told.map(({ id, amount }) => [id, amount]), [[id, 5]]);
  const back = await scene.inProcess(["receive", "--since", "4", "--count", "1", "--json"]);
  const [, returned] = jsonLines(back.stdout);
  assert(returned);
  assertEquals([returned.from, returned.amount, returned.refunds], ["bob", 2, id]);
});
