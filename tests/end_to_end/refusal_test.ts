/**
 * All reasons to refuse a payment or a login. Each has its code, its text and a next step; the exit
 * code is 5, and nothing is booked.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { json, openSceneInProcess, step } from "./driver.ts";

Deno.test("each impossible payment is refused with its own code, and nothing is booked", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol", "dave"]);
  await Promise.all([scene.receiver("bob"), scene.receiver("alice")]);
  const silent = await scene.receiverProcess("dave");
  silent.signal("SIGSTOP");
  const rows = [
    {
      title: "to oneself",
      args: ["alice", "1"],
      code: 280,
      text: "transfer FAIL: payer and payee are the same",
      advice: "you are alice; choose another payee",
    },
    {
      title: "to somebody who does not exist",
      args: ["nobody", "1"],
      code: 262,
      text: "transfer FAIL: there is no such account",
      advice: "there is no account nobody; list shows who is online",
    },
    {
      title: "to somebody who is offline",
      args: ["carol", "1"],
      code: 263,
      text: "transfer FAIL: the payee is not online",
      advice: "carol is not online; --via-server delivers it anyway",
    },
    {
      title: "to somebody who does not answer",
      args: ["dave", "1", "--timeout", "2"],
      code: 264,
      text: "transfer FAIL: the payee does not answer",
      advice:
        "nobody answers where dave takes payments, and nothing was sent; --via-server delivers it anyway",
    },
    {
      title: "of more than one has",
      args: ["bob", "10001"],
      code: 270,
      text: "transfer FAIL due to bankruptcy",
      advice: "you have 10000, not 10001",
    },
  ];
  for (const { title, args, code, text, advice } of rows) {
    await step(t, title, async () => {
      // One after the other: each would name the other's payment as one that is not decided.
      const plain = await scene.inProcess(["pay", ...args]);
      const machine = await scene.inProcess(["pay", ...args, "--json"]);
      assertEquals(plain, { code: 5, signal: null, stdout: `${text}\n`, stderr: `${advice}\n` });
      assertEquals([machine.code, json(machine.stdout)], [5, { code, text }]);
    });
  }
  assertEquals(scene.payments(), 0);
  const balances = "SELECT DISTINCT balance FROM client WHERE username <> '@issuer'";
  assertEquals(scene.query(balances), "10000\n");
});

Deno.test("beside an online member a second login gets 230, and everything else works", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const [alice] = await Promise.all([scene.receiver("alice"), scene.receiver("bob")]);
  await step(t, "receive in another terminal is 230", async () => {
    const [text, machine] = await Promise.all([
      scene.inProcess(["receive"]),
      scene.inProcess(["receive", "--json"]),
    ]);
    assertEquals([text.code, text.stdout], [5, "230 DUPLICATE_LOGIN\n"]);
    assertStringIncludes(text.stderr, "alice is online from another terminal or machine");
    assertEquals(machine.stdout, '{"code":230,"text":"DUPLICATE_LOGIN"}\n');
  });
  const paid = json((await scene.inProcess(["pay", "bob", "5", "--json"])).stdout);
  for (const args of [["balance"], ["list"], ["status", String(paid.id)], ["history"]]) {
    await step(t, `${args[0]} in another terminal works`, async () => {
      const { code, stdout } = await scene.inProcess(args);
      assertEquals(code, 0);
      assert(stdout.length > 0);
    });
  }
  await step(t, "when it has left, a login works again", async () => {
    alice.signal("SIGINT");
    assertEquals((await alice.end()).code, 0);
    const again = await scene.receiver("alice");
    again.signal("SIGTERM");
    assertEquals((await again.end()).code, 0);
  });
});

Deno.test("a person without an identity, or with several, learns what to do", async (t) => {
  await using scene = await openSceneInProcess(["alice"]);
  await scene.inProcess(["register", "carol"], { as: "alice" });
  const rows = [
    {
      title: "nobody was registered from here",
      as: "zoe",
      args: ["balance"],
      code: 4,
      error: "not_authenticated",
      says: "register one, or give --home",
    },
    {
      title: "the account is somebody else's",
      as: "zoe",
      args: ["balance", "--as", "alice"],
      code: 4,
      error: "not_authenticated",
      says: "register it, or give another name or --home",
    },
    {
      title: "there are several",
      as: "alice",
      args: ["balance"],
      code: 2,
      error: "usage",
      says: "there are several here; name one with --as: alice, carol",
    },
  ];
  for (const { title, as, args, code, error, says } of rows) {
    await step(t, title, async () => {
      const ended = await scene.inProcess([...args, "--json"], { as });
      assertEquals([ended.code, ended.stdout], [code, ""]);
      const { error: kind, text } = json(ended.stderr);
      assertEquals(kind, error);
      assert(String(text).endsWith(says), String(text));
    });
  }
});
