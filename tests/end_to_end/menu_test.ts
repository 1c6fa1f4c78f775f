/**
 * The numbered menu with a pipe as input. Results go to stdout, questions and the rest to stderr.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { openSceneInProcess, type Scene } from "./driver.ts";
import type { RunningProgram } from "./program.ts";

const end = [
  /^Bye$/,
  /^Bytes written: [1-9]\d*$/,
  /^Bytes read: [1-9]\d*$/,
  /^Time spent: \d+\.\d{3} s$/,
];

Deno.test("the menu registers, logs in, lists, pays and notifies the payee, and reports bytes and time at the end", async () => {
  await using scene = await openSceneInProcess([]);
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

Deno.test("the menu sends a memo, delivers through the server after a yes, shows the history and refunds", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const alice = await openMenu(scene, "alice");
  await alice.type("2", "alice", "0", "8", "bob", "20", "pizza", "y");
  await alice.line(/^transfer FAIL: the payee is not online$/);
  await alice.errorLine(/^bob is not online; choose y, and the server delivers it anyway$/);
  await alice.line(/^transfer OK$/);
  await alice.line(/^paid 20 to bob, balance 9980, entry 3, id /);
  // The yes is to one payment, once; without a memo it is the same choice that scripts know.
  await alice.type("y", "4", "bob", "7", "yes", "8", "bob", "5", "", "3");
  await alice.errorLine(/^"y" is not a choice/);
  await alice.line(/^paid 7 to bob, balance 9973, entry 4, id /);
  await alice.line(/^transfer FAIL: the payee is not online$/);
  await alice.line(/^Account balance: 9973$/);

  const bob = await openMenu(scene, "bob");
  await bob.type("2", "bob", "0", "6", "7", "3", "15", "7", "3", "", "7", "1", "");
  await bob.line(/^4 {2}\S+ {2}alice → bob {2}7 {2}balance 10027 {2}id [0-9a-f-]{36}$/);
  await bob.line(/^3 {2}\S+ {2}alice → bob {2}20 {2}balance 10020 {2}id [0-9a-f-]{36} {2}"pizza"$/);
  await bob.line(/^gave 15 back to alice, balance 10012, entry 5, id /);
  await bob.line(/^gave 5 back to alice, balance 10007, entry 6, id /);
  await bob.line(/^transfer FAIL: there is no such payment to refund$/);
  await bob.errorLine(/^entry 1 is no payment to bob; 6 HISTORY shows what came$/);
  await alice.line(/^\[Notification\] bob just sent you \$15, a refund of [0-9a-f-]{36}!$/);
  await alice.line(/^entry 5, id [0-9a-f-]{36}$/);
});

Deno.test("the menu registers with the operator's code, and explains a refusal without one", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const thief = await openMenu(scene, "thief");
  await thief.type("1", "Alice");
  await thief.line(/^210 FAIL$/);
  await thief.errorLine(/^the name alice is taken: .* choose 9 REGISTER WITH A CODE; /);
  const reissued = await scene.ledgerInProcess("reissue", "alice", "--json");
  const { code } = JSON.parse(reissued.stdout);
  await thief.type("9", "alice", "0000-0000-0000-0000", "9", "alice", code.toLowerCase());
  await thief.line(/^210 FAIL$/);
  await thief.errorLine(/^the code is not the one for alice, or was used already; /);
  await thief.line(/^100 OK$/);
  await thief.errorLine(
    /^registered anew as alice, with a new key, balance 10000\. Next: 2 LOGIN$/,
  );
});

Deno.test("the menu requests a payment, pays a request after a yes, and shows requests, receipts, messages and help", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const [alice, bob] = [await openMenu(scene, "alice"), await openMenu(scene, "bob")];
  await bob.type(
    "10",
    "2",
    "bob",
    "0",
    "10",
    "7",
    "pizza",
    "bob",
    "",
    "10",
    "7",
    "pizza",
    "",
    "2h",
  );
  await bob.line(/^Please login first$/);
  await bob.line(/^transfer FAIL: payer and payee are the same$/);
  const [uri] = await bob.line(/^micropay:.*$/);
  const [, id] = await bob.errorLine(/^7 from anybody, until \S+, id (\S+); /);

  await alice.type("2", "alice", "0", "12", uri, "no", "12", "bob", "12", uri, "y");
  await alice.errorLine(/^bob asks for 7 for "pizza", until /);
  await alice.errorLine(/^Pay 7 to bob\? \[y\/N\]$/);
  await alice.errorLine(/^not confirmed, so nothing was paid$/);
  await alice.errorLine(/^micropay: "bob" is refused: a payment request is its whole line/);
  await alice.line(/^paid 7 to bob, balance 9993, entry 3, id /);
  await bob.line(/^\[Notification\] alice just sent you \$7, as you requested! \("pizza"\)$/);
  await bob.type("11", "12", uri);
  await bob.line(new RegExp(`^paid, by alice, entry 3 {2}7 from anybody, .* id ${id} {2}"pizza"$`));
  await bob.line(/^transfer FAIL: payer and payee are the same$/);

  await alice.type("13", "99", "13", "3", "14", "3", "14", "15");
  await alice.errorLine(/^micropay: find the receipt of entry 99: .* has none for alice\./);
  await alice.line(/^\{"receipt":"[\w-]+\.[\w-]+\.[\w-]+","order":/);
  await alice.errorLine(/^Encrypted messages are shown$/);
  await alice.errorLine(/^→ eyJ/);
  await alice.errorLine(/^Encrypted messages are hidden$/);
  await alice.errorLine(/^12 PAY A REQUEST +shows a payment request/);
  await alice.type("5");
  await expectEnd(alice);
});

Deno.test("a script that knows the first five choices meets no new question after any refusal", async () => {
  await using scene = await openSceneInProcess(["bob"]);
  const menu = await openMenu(scene, "alice");
  await menu.type(
    "1",
    "bob",
    "1",
    "alice",
    "2",
    "alice",
    "0",
    "4",
    "bob",
    "5",
    "4",
    "bob",
    "5",
    "3",
    "5",
  );
  await expectEnd(menu);
  const results = menu.stdout.lines.slice(0, -end.length).map((line) => line.replace(/#\d+$/, "#"));
  const listed = ["Account balance: 10000", "Number online: 1", "alice#127.0.0.1#"];
  const away = "transfer FAIL: the payee is not online";
  assertEquals(results, ["210 FAIL", "100 OK", ...listed, away, away, ...listed]);
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
    stderr: /^"list" is not a choice: type a number from 1 to 15$/,
  },
  { title: "a number too large", lines: ["16"], stderr: /^"16" is not a choice/ },
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
    title: "a memo with a tabulator, which is escaped once",
    lines: ["8", "bob", "1", "a\tb"],
    stderr: /^micropay: "a\\u\{9\}b" is refused: a memo is 1 to 256 visible characters/,
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

Deno.test("every wrong input leads back to the menu", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
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

Deno.test("the menu reports that the server is gone, connects again by itself, and shows what it missed once", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const alice = await openMenu(scene, "alice");
  await alice.type("2", "alice", "0");
  const [, port] = await alice.errorLine(/^Online as alice, taking payments on port (\d+)$/);
  await alice.line(/^alice#/);
  // A question that is open meanwhile stays open.
  await alice.type("4");
  await alice.errorLine(/^Payee:$/);
  const { port: serverPort } = scene.server;
  await scene.server.stop();
  await alice.errorLine(/^Offline, connecting again: .*: the server is stopping$/);
  await alice.type("bob", "5");
  await alice.errorLine(
    /^micropay: ask the server: the connection is lost; choose again when the menu is online again$/,
  );
  await scene.startServerInProcess({ port: serverPort });
  await scene.inProcess(["pay", "alice", "7", "--via-server"], { as: "bob" });
  await alice.errorLine(new RegExp(`^Online again, taking payments on port ${port}$`));
  await alice.line(/^\[Notification\] bob just sent you \$7!$/);
  await alice.type("3", "5");
  await alice.line(/^Account balance: 10007$/);
  await expectEnd(alice);
  const { stdout, stderr } = await alice.end();
  assertEquals(stdout.match(/Notification/g)?.length, 1);
  assertEquals(stderr.match(/the server is stopping/g)?.length, 1);
});

Deno.test("a member whose key the operator ends has to log in again, and EXIT works while the menu connects again", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const [alice, bob] = [await openMenu(scene, "alice"), await openMenu(scene, "bob")];
  await alice.type("2", "alice", "0");
  await alice.line(/^alice#/);
  await bob.type("2", "bob", "0");
  await bob.line(/^bob#/);
  assertEquals((await scene.ledgerInProcess("reissue", "alice")).code, 0);
  await alice.errorLine(/^2 LOGIN connects again$/);
  await alice.type("3", "5");
  await alice.line(/^Please login first$/);
  await expectEnd(alice);
  await scene.server.stop();
  await bob.errorLine(/^Offline, connecting again: /);
  await bob.type("5");
  await expectEnd(bob);
});

Deno.test("a signal leaves the menu as EXIT does", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const alice = await openMenu(scene, "alice");
    await alice.type("2", "alice", "0");
    await alice.line(/^alice#/);
    alice.signal(signal);
    await expectEnd(alice);
  }
  assertEquals(scene.query("SELECT sum(online_status) FROM client"), "0\n");
});

async function openMenu(scene: Scene, as: string): Promise<RunningProgram> {
  const menu = scene.startClientInProcess([], { as, stdin: "piped" });
  await menu.errorLine(/^Connected to 127\.0\.0\.1:\d+, ledger [0-9a-f]{64}$/);
  return menu;
}

async function expectEnd(menu: RunningProgram): Promise<void> {
  const { code, stdout } = await menu.end();
  assertEquals(code, 0);
  const last = stdout.trimEnd().split("\n").slice(-end.length);
  for (const [at, pattern] of end.entries()) assertMatch(last[at]!, pattern);
}
