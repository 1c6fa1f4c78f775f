/**
 * What members can do without trusting others: pay a payee that is offline, refund, and check the
 * ledger and their receipts.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { json, jsonLines, openSceneInProcess, type Scene, step } from "./driver.ts";
import { walletQuery } from "./wallet_query.ts";

const receiptsOf = (scene: Scene, person: string): string[] =>
  walletQuery(scene, person, "SELECT receipt_jws FROM receipt ORDER BY id").map(String);

Deno.test("an absent payee is paid through the server, and finds each payment once", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const pay = async (...args: string[]) => await scene.inProcess(["pay", "bob", ...args, "--json"]);

  await step(t, "without the option it is refused as before", async () => {
    const { code, stdout } = await pay("5");
    assertEquals([code, json(stdout).code], [5, 263]);
  });
  const entries: unknown[] = [];
  await step(t, "with it the payment is booked", async () => {
    for (const amount of ["10", "20"]) {
      const { code, stdout } = await pay(amount, "--via-server", "--memo", `no ${amount}`);
      assertEquals([code, json(stdout).code], [0, 130]);
      entries.push(json(stdout).entry);
    }
  });
  await step(
    t,
    "receive --since replays missed payments in order, and then prints live ones",
    async () => {
      const receiver = scene.startClientInProcess([
        "receive",
        "--since",
        "0",
        "--count",
        "4",
        "--json",
      ], {
        as: "bob",
      });
      await receiver.line(/"memo":"no 20"/);
      assertEquals((await pay("30", "--via-server")).code, 0);
      const { code, stdout } = await receiver.end();
      assertEquals(code, 0, "bob's opening entry counts, so four are enough");
      assertEquals((await pay("40")).code, 5);
      const payments = jsonLines(stdout).slice(1);
      assertEquals(payments.map(({ from, amount }) => [from, amount]), [
        ["@issuer", 10000],
        ["alice", 10],
        ["alice", 20],
        ["alice", 30],
      ]);
      assertEquals(payments.slice(1, 3).map(({ entry }) => entry), entries);
    },
  );
  await step(t, "receive after the last entry replays nothing of it again", async () => {
    const last = String(entries.at(-1));
    const receiver = scene.startClientInProcess([
      "receive",
      "--since",
      last,
      "--count",
      "1",
      "--json",
    ], {
      as: "bob",
    });
    const { stdout } = await receiver.end();
    assertEquals(jsonLines(stdout).slice(1).map(({ amount }) => amount), [30]);
  });
  await step(t, "receive takes no payment after --count", async () => {
    walletQuery(scene, "bob", "DELETE FROM receipt");
    const args = ["receive", "--since", "0", "--count", "2", "--json"];
    const { code, stdout } = await scene.inProcess(args, { as: "bob" });
    assertEquals([code, jsonLines(stdout).slice(1).map(({ amount }) => amount)], [0, [10000, 10]]);
    assertEquals(receiptsOf(scene, "bob").length, 2);
  });
});

Deno.test("only the payee can refund a payment, in parts, and never more than its amount", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const paid = json(
    (await scene.inProcess(["pay", "bob", "100", "--via-server", "--json"])).stdout,
  );
  const id = String(paid.id);
  const refund = async (as: string, ...args: string[]) => {
    const { code, stdout } = await scene.inProcess(["refund", ...args, "--json"], { as });
    return [code, json(stdout).code];
  };
  assertEquals(await refund("alice", id, "1"), [5, 268]);
  assertEquals(await refund("bob", id, "101"), [5, 269]);
  assertEquals(await refund("bob", id, "60", "--memo", "half"), [0, 130]);
  assertEquals(await refund("bob", id, "41"), [5, 269]);
  // As a process of its own.
  assertEquals((await scene.client(["refund", id], { as: "bob" })).code, 0);
  assertEquals(await refund("bob", id), [5, 269]);
  assertEquals(await refund("bob", id.replace(/.$/, (end) => end === "0" ? "1" : "0")), [5, 268]);
  assertEquals((await scene.inProcess(["balance"])).stdout, "10000\n");
  const history = jsonLines((await scene.inProcess(["history", "--json"])).stdout);
  assertEquals(history.filter(({ refunds }) => refunds === id).map(({ amount }) => amount), [
    40,
    60,
  ]);
  assertEquals((await scene.ledgerInProcess("audit")).code, 0);
});

Deno.test("status and refund accept an entry's number", async () => {
  // One after the other, so that it is known whose entry is the first.
  await using scene = await openSceneInProcess(["alice"]);
  await scene.register("bob");
  const pay = ["pay", "bob", "100", "--via-server", "--json"];
  const paid = json((await scene.inProcess(pay)).stdout);
  const { entry, id, receipt } = paid;
  const asked = (as: string, ...args: string[]) => scene.inProcess(args, { as });
  const found = await asked("bob", "status", String(entry), "--json");
  assertEquals(json(found.stdout), { code: 130, text: "transfer OK", id, entry, receipt });
  const given = await asked("bob", "refund", String(entry), "60", "--json");
  assertEquals([given.code, json(given.stdout).code], [0, 130]);
  const history = jsonLines((await asked("bob", "history", "--limit", "1", "--json")).stdout);
  assertEquals(history.map(({ amount, refunds }) => [amount, refunds]), [[60, id]]);
  // Entry 1 is alice's starting balance, and there is no entry 99.
  for (const none of ["1", "99"]) {
    const unknown = await asked("bob", "status", none, "--json");
    const said = { code: 400, text: "unknown", entry: Number(none) };
    assertEquals([unknown.code, json(unknown.stdout)], [5, said]);
    const refused = await asked("bob", "refund", none, "--json");
    assertEquals([refused.code, json(refused.stdout).code], [5, 268]);
  }
});

Deno.test("a member notices when past entries were removed or rewritten", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const pay = (amount: string) => scene.inProcess(["pay", "bob", amount, "--via-server"]);
  const audit = async (as: string): Promise<Record<string, unknown>> => {
    const { code, stdout } = await scene.inProcess(["audit", "--json"], { as });
    return { ...json(stdout), exit: code };
  };
  assertEquals((await pay("1")).code, 0);
  assertEquals((await scene.ledgerInProcess("backup", scene.path("old.db"))).code, 0);
  assertEquals((await pay("2")).code, 0);
  const lost = json((await scene.inProcess(["pay", "bob", "3", "--via-server", "--json"])).stdout);

  await step(t, "an audit without a fault says what it checked", async () => {
    const { exit, entries, receipts, missing } = await audit("alice");
    assertEquals({ exit, entries, receipts, missing }, {
      exit: 0,
      entries: 5,
      receipts: 3,
      missing: [],
    });
  });
  await scene.server.stop();
  assertEquals((await scene.ledgerInProcess("restore", scene.path("old.db"))).code, 0);
  await scene.startServerInProcess({ port: scene.server.port });
  await step(t, "a ledger put back from an old backup lacks the receipts after it", async () => {
    const { exit, missing, rewrittenAt } = await audit("alice");
    assertEquals([exit, rewrittenAt], [5, 4]);
    const rows = missing as Record<string, unknown>[];
    assertEquals(rows.map(({ entry, amount }) => [entry, amount]), [[4, 2], [5, 3]]);
    assertEquals(rows[1]!.id, lost.id);
  });
  await step(t, "and with other entries in their place it is rewritten", async () => {
    for (const amount of ["7", "8", "9"]) {
      const { code, stdout } = await pay(amount);
      assertEquals([code, stdout.includes(`paid ${amount} to bob`)], [5, true]);
    }
    const { exit, missing, rewrittenAt } = await audit("alice");
    assertEquals([exit, rewrittenAt], [5, 4]);
    assertEquals((missing as unknown[]).length, 2);
    const { code: text, stdout } = await scene.inProcess(["audit"]);
    assertEquals(text, 5);
    assertMatch(stdout, /The ledger was rewritten: entry 4 is the first that/);
    assertMatch(stdout, /Missing: entry 5, alice paid bob 3, id /);
  });
  await step(
    t,
    "a receipt of a removed entry gets no proof, but the words of the audit",
    async () => {
      const { code, stdout } = await scene.inProcess(["receipt", String(lost.id), "--proof"]);
      assertEquals(code, 5);
      assertMatch(
        stdout,
        /The ledger was rewritten: one of the entries 1 to 5 is the first/,
      );
      assertMatch(stdout, /Missing: entry 5, alice paid bob 3, id /);
    },
  );
  await step(
    t,
    "somebody who holds nothing of it and never looked has nothing to object",
    async () => {
      assertEquals((await audit("bob")).exit, 0);
    },
  );
});

Deno.test("verify checks receipts without a server, and names a changed one", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const options = ["--via-server", "--memo", "lunch"];
  assertEquals((await scene.inProcess(["pay", "bob", "2000", ...options])).code, 0);
  const history = (await scene.inProcess(["history", "--json"])).stdout;
  await scene.server.stop();
  const file = scene.path("receipt.json");
  const { stdout: printed } = await scene.inProcess(["receipt", "3"]);
  await Deno.writeTextFile(file, printed);

  await step(t, "a file as the client prints it", async () => {
    const { code, stdout } = await scene.run(["verify", file]);
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^alice paid bob 2000 \("lunch"\) on 20\S+: payment, entry 3, id .*payer and server\n$/,
    );
  });
  await step(t, "lines of history", async () => {
    await Deno.writeTextFile(scene.path("history.jsonl"), history);
    const { code, stdout } = await scene.verifyInProcess(scene.path("history.jsonl"), "--json");
    assertEquals(code, 0);
    assertEquals(jsonLines(stdout).map(({ valid, kind }) => [valid, kind]), [
      [true, "payment"],
      [true, "opening"],
    ]);
  });
  await step(t, "a changed receipt", async () => {
    const stored = json(await Deno.readTextFile(file));
    const bare = String(stored.receipt);
    const changed = bare.replace(/\.([^.]+)\./, (_, payload) => {
      const contents = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
      const text = btoa(JSON.stringify({ ...contents, amount: 3000 }));
      return `.${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}.`;
    });
    await Deno.writeTextFile(scene.path("changed"), `${bare}\n${changed}\n`);
    const { code, stdout } = await scene.verifyInProcess(scene.path("changed"));
    assertEquals(code, 1);
    assertStringIncludes(stdout, "changed:2: not valid: verify a signature");
  });
  await step(t, "with another CA", async () => {
    await scene.gencert("--out", scene.path("other"));
    const ca = scene.path("other", "CA.pem");
    const { code, stdout } = await scene.runInProcess(["verify", file, "--ca", ca]);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "receipt.json:1: not valid: ");
  });
});

Deno.test("a member who lost a key gets a new one with the operator's code; a closed account is closed at once", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const receiver = await scene.receiver("bob");
  // After the login it asks for what came since. Later it only waits.
  await scene.server.program.line(/^bob is online/);
  await scene.server.program.line(/^→ \[History\]/);
  const reissued = await scene.ledgerInProcess("reissue", "bob", "--json");
  const code = String(json(reissued.stdout).code);
  await step(
    t,
    "the sessions of the old certificate end, and it identifies nobody any more",
    async () => {
      const ended = await receiver.end();
      assertEquals([ended.code, json(ended.stderr).error], [1, "closed"]);
      assertEquals(
        json((await scene.inProcess(["balance", "--json"], { as: "bob" })).stdout).code,
        220,
      );
    },
  );
  await step(t, "without the code, or with another, the name stays taken", async () => {
    for (const args of [[], ["--code", "0000-0000-0000-0000"]]) {
      const ended = await scene.inProcess(["register", "bob", ...args], { as: "thief" });
      assertEquals([ended.code, ended.stdout], [5, "210 FAIL\n"]);
      assertMatch(ended.stderr, args.length === 0 ? /^the name bob is taken/ : /^the code is not/);
    }
  });
  await step(t, "with it the account is there again, with its balance", async () => {
    const codeFile = scene.path("code");
    await Deno.writeTextFile(codeFile, `${code}\n`);
    const args = ["register", "bob", "--code-file", codeFile];
    const registered = await scene.inProcess(args, { as: "bob" });
    assertEquals([registered.code, registered.stdout], [0, "100 OK\n"]);
    assertMatch(registered.stderr, /^registered anew as bob, with a new key, balance 10000/);
    const again = await scene.inProcess(["register", "BOB", "--json"], { as: "bob" });
    const known = { code: 100, text: "OK", account: "bob", balance: 10000, existed: true };
    assertEquals(json(again.stdout), known);
    assertEquals((await scene.inProcess(["balance"], { as: "bob" })).stdout, "10000\n");
  });
  await step(t, "a closed account cannot log in, pay or be paid", async () => {
    assertEquals((await scene.ledgerInProcess("close", "bob")).code, 0);
    assertEquals((await scene.inProcess(["balance"], { as: "bob" })).code, 4);
    const { stdout } = await scene.inProcess(["pay", "bob", "1", "--via-server", "--json"]);
    assertEquals(json(stdout).code, 267);
  });
  assertEquals((await scene.ledgerInProcess("audit")).code, 0);
});
