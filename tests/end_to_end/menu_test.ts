/**
 * The numbered menu, driven by a pipe: results on stdout, the questions and everything else on stderr.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { openSceneWith, type Scene } from "./driver.ts";
import type { Program } from "./program.ts";

const end = [
  /^Bye$/,
  /^Bytes written: [1-9]\d*$/,
  /^Bytes read: [1-9]\d*$/,
  /^Time spent: \d+\.\d{3} s$/,
];

Deno.test("the menu registers, logs in, lists, pays, tells the payee, and says at the end what was used", async () => {
  await using scene = await openSceneWith([]);
  const bob = await openMenu(scene, "bob");
  await bob.type("3", "1", "Bob", "2", "bob", "0");
  await bob.line(/^Please login first$/);
  await bob.line(/^100 OK$/);
  const [, bobsPort] = await bob.errorLine(/^Online as bob, taking payments on port (\d+)$/);
  await bob.line(/^Account balance: 10000$/);
  await bob.line(/^Number online: 1$/);
  await bob.line(new RegExp(`^bob#127\\.0\\.0\\.1#${bobsPort}$`));

  const alice = await openMenu(scene, "alice");
  await alice.type("1", "alice", "2", "alice", "0", "4", "bob", "2000", "3");
  await alice.line(/^Number online: 2$/);
  await alice.line(/^transfer OK$/);
  await alice.line(/^paid 2000 to bob, balance 8000, entry 3, id [0-9a-f-]{36}$/);
  await alice.line(/^Account balance: 8000$/);
  await bob.line(/^\[Notification\] alice just sent you \$2000!$/);
  await bob.type("3");
  await bob.line(/^Account balance: 12000$/);

  await alice.type("5");
  await expectEnd(alice);
  await bob.endInput();
  await expectEnd(bob);
  assertEquals(scene.payments(), 1);
  assertEquals(
    scene.query("SELECT sum(online_status) FROM client"),
    "0\n",
  );
});

const slips: readonly {
  title: string;
  lines: readonly string[];
  stdout?: RegExp;
  stderr?: RegExp;
}[] = [
  {
    title: "a word",
    lines: ["list"],
    stderr: /^"list" is not a choice: type a number from 1 to 9$/,
  },
  { title: "a number too large", lines: ["10"], stderr: /^"10" is not a choice/ },
  { title: "a yes to nothing", lines: ["y"], stderr: /^"y" is not a choice/ },
  { title: "an escape sequence", lines: ["\u001b[2J"], stderr: /^"\\u\{1b\}\[2J" is not a choice/ },
  {
    title: "a long line",
    lines: ["x".repeat(5000)],
    stderr: /^The line is longer than 4096 bytes$/,
  },
  ...["0", "-1", "1e3", "9007199254740992", "abc", ""].map((amount) => ({
    title: `the amount "${amount}"`,
    lines: ["4", "bob", amount],
    stderr: new RegExp(
      `^micropay: "${amount}" is refused: an amount is a whole number from 1 to 9007199254740991$`,
    ),
  })),
  {
    title: "an amount with cents",
    lines: ["4", "bob", "1.50"],
    stderr: /^micropay: "1\.50" is refused: .*; there are no cents, so agree on a small unit$/,
  },
  {
    title: "no name",
    lines: ["4", "b b"],
    stderr: /^micropay: "b b" is refused: a name is 1 to 32/,
  },
  {
    title: "paying nobody",
    lines: ["4", "nobody", "1"],
    stdout: /^transfer FAIL: there is no such account$/,
    stderr: /^there is no account nobody; 3 LIST shows who is online$/,
  },
  {
    title: "paying too much",
    lines: ["4", "bob", "10001"],
    stdout: /^transfer FAIL due to bankruptcy$/,
    stderr: /^you have 10000, not 10001$/,
  },
  {
    title: "paying oneself",
    lines: ["4", "alice", "1"],
    stdout: /^transfer FAIL: payer and payee are the same$/,
    stderr: /^you are alice; choose another payee$/,
  },
  { title: "logging in twice", lines: ["2"], stderr: /^You are logged in as alice already$/ },
  {
    title: "registering while logged in",
    lines: ["1"],
    stderr: /^You are logged in as alice; exit first$/,
  },
];

Deno.test("whatever is typed wrong leads back to the menu", async () => {
  await using scene = await openSceneWith(["alice", "bob"]);
  await scene.receiver("bob");
  const alice = await openMenu(scene, "alice");
  await alice.type("4", "2", "alice", "70000", "2", "mallory", "0", "1", "bob");
  await alice.line(/^Please login first$/);
  await alice.errorLine(/^micropay: "70000" is refused: a port is a whole number from 0 to 65535$/);
  await alice.line(/^220 AUTH_FAIL$/);
  await alice.line(/^210 FAIL$/);
  await alice.type("2", "alice", "0");
  await alice.line(/^bob#/);
  for (const { title, lines, stdout, stderr } of slips) {
    await alice.type(...lines);
    if (stdout) await alice.line(stdout);
    if (stderr) await alice.errorLine(stderr);
    if (!/long line/.test(title)) await alice.errorLine(/^1 REGISTER {3}2 LOGIN/);
  }
  assertEquals(scene.payments(), 0);
  await alice.type("3", "5");
  await alice.line(/^Account balance: 10000$/);
  await expectEnd(alice);
});

Deno.test("when the server stops, the menu says so and can be left", async () => {
  await using scene = await openSceneWith(["alice"]);
  const alice = await openMenu(scene, "alice");
  await alice.type("2", "alice", "0");
  await alice.line(/^alice#/);
  const { port } = scene.server;
  await scene.server.stop();
  await alice.errorLine(/: the server is stopping; you are logged out$/);
  await scene.startServer({ port });
  await alice.type("3", "2", "alice", "0", "3", "5");
  await alice.line(/^Please login first$/);
  await alice.line(/^Account balance: 10000$/);
  await expectEnd(alice);
});

Deno.test("a signal leaves the menu as EXIT does", async () => {
  await using scene = await openSceneWith(["alice"]);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const alice = await openMenu(scene, "alice");
    await alice.type("2", "alice", "0");
    await alice.line(/^alice#/);
    alice.signal(signal);
    await expectEnd(alice);
  }
  assertEquals(scene.query("SELECT sum(online_status) FROM client"), "0\n");
});

async function openMenu(scene: Scene, as: string): Promise<Program> {
  const menu = scene.startClient([], { as, stdin: "piped" });
  await menu.errorLine(/^Connected to 127\.0\.0\.1:\d+, ledger [0-9a-f]{64}$/);
  return menu;
}

async function expectEnd(menu: Program): Promise<void> {
  const { code, stdout } = await menu.end();
  assertEquals(code, 0);
  const last = stdout.trimEnd().split("\n").slice(-end.length);
  for (const [at, pattern] of end.entries()) assertMatch(last[at]!, pattern);
}
