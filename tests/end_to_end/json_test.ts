/**
 * The JSON that scripts rely on: these members, these values, and nothing else on stdout.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { json, jsonLines, openSceneInProcess } from "./driver.ts";

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const given = "019aaf3e-7c00-7000-8000-00000000000a";

Deno.test("every command answers with exactly the JSON that scripts rely on", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const run = async (as: string, ...args: string[]) => {
    const { code, stdout, stderr } = await scene.inProcess([...args, "--json"], { as });
    assertEquals(stderr, "");
    return { code, lines: jsonLines(stdout) };
  };
  const [registered, taken, balance] = await Promise.all([
    run("bob", "register", "bob"),
    run("mallory", "register", "alice"),
    run("alice", "balance"),
  ]);
  const account = { account: "bob", balance: 10000, existed: false };
  assertEquals(registered, { code: 0, lines: [{ code: 100, text: "OK", ...account }] });
  assertEquals(taken, { code: 5, lines: [{ code: 210, text: "FAIL" }] });
  assertEquals(balance, { code: 0, lines: [{ code: 300, balance: 10000 }] });

  const bob = await scene.receiver("bob", ["--count", "2"]);
  const online = json(bob.stdout.lines[0]!);
  assertEquals(online, { event: "online", port: online.port });
  // One at a time: a command beside a pending payment of the same account reports that payment.
  const listed = await run("alice", "list");
  const refused = await run("alice", "pay", "bob", "10001");
  const present = [{ name: "bob", ip: "127.0.0.1", port: online.port }];
  assertEquals(listed, { code: 0, lines: [{ code: 300, balance: 10000, online: present }] });
  const bankrupt = { code: 270, text: "transfer FAIL due to bankruptcy" };
  assertEquals(refused, { code: 5, lines: [bankrupt] });

  const [paid] = (await run("alice", "pay", "bob", "2000", "--memo", "lunch")).lines;
  const { way, ...found } = paid!;
  const { id, receipt } = found;
  assertEquals(paid, { code: 130, text: "transfer OK", id, entry: 3, way: "direct", receipt });
  assertMatch(id as string, uuid7);
  assertMatch(receipt as string, /^eyJ[\w-]+\.[\w-]+\.[\w-]{86}$/);
  const [plain] = (await run("alice", "pay", "bob", "1", "--id", given)).lines;
  assertEquals([plain!.id, plain!.entry], [given, 4]);

  const received = await bob.end();
  assertEquals(received.code, 0);
  assertEquals(jsonLines(received.stdout).slice(1), [
    {
      ...{ event: "payment", id, from: "alice", amount: 2000, memo: "lunch", entry: 3 },
      way,
      receipt,
    },
    {
      event: "payment",
      id: given,
      from: "alice",
      amount: 1,
      entry: 4,
      way,
      receipt: plain!.receipt,
    },
  ]);

  const never = given.replace(/a$/, "b");
  const [hers, his, unknown, history, older] = await Promise.all([
    run("alice", "status", id as string),
    run("bob", "status", id as string),
    run("alice", "status", never),
    run("alice", "history"),
    run("alice", "history", "--limit", "1", "--before", "4"),
  ]);
  assertEquals([hers, his], [{ code: 0, lines: [found] }, { code: 0, lines: [found] }]);
  assertEquals(unknown, { code: 5, lines: [{ code: 400, text: "unknown", id: never }] });
  assertEquals(history.lines.map(({ entry }) => entry), [4, 3, 1]);
  const { at, order } = history.lines[1]!;
  assertMatch(order as string, /^eyJ[\w-]+\.[\w-]+\.[\w-]{86}$/);
  assertMatch(at as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals(older.lines, [{
    entry: 3,
    id,
    at,
    kind: "payment",
    from: "alice",
    to: "bob",
    amount: 2000,
    memo: "lunch",
    balance: 8000,
    order,
    receipt,
  }]);
  assertEquals(history.lines[1], older.lines[0]);
});
