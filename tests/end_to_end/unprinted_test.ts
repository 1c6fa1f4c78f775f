/**
 * A result that cannot be printed. A booked payment is never reported as not booked, and no
 * received payment is lost.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { json, jsonLines, openSceneInProcess, type Scene, step } from "./driver.ts";

/** Runs what follows with a disk that is full as its standard output. */
const toFullDisk = ["/bin/sh", "-c", 'exec "$@" > /dev/full', "sh"];
/** The same for both outputs. */
const allToFullDisk = ["/bin/sh", "-c", 'exec "$@" > /dev/full 2>&1', "sh"];
/** Runs a command after the reader of its output has ended, and reports its exit code on stderr. */
const toNobody = ["/bin/sh", "-c", `{ "$@"; echo "exit $?" >&2; } | { exec <&-; }`, "sh"];
/** The same with one that ends after the first line. */
const toReaderOfOneLine = [
  "/bin/sh",
  "-c",
  `{ "$@"; echo "exit $?" >&2; } | { read -r line; echo "$line"; }`,
  "sh",
];
const noSpace = "write to the standard output: No space left on device (os error 28)";

/** Only there is a disk that is always full. */
function onLinux(name: string, fn: (context: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });
}

const payments: readonly { to: string; prefix: readonly string[]; because: string }[] = [
  { to: "a full disk", prefix: toFullDisk, because: noSpace },
  {
    to: "a pipe that nobody reads from any more",
    prefix: toNobody,
    because: "nobody reads the standard output any more",
  },
];

for (const { to, prefix, because } of payments) {
  onLinux(
    `a payment that was booked and cannot be printed to ${to} ends with 6 and its id, which finds it and pays once`,
    async () => {
      await using scene = await openSceneInProcess(["alice", "bob"]);
      const pay = ["pay", "bob", "2000", "--via-server"];
      const told = await scene.client([...pay, "--json"], { prefix });
      const [error, ending = { code: told.code }] = errorLines(told.stderr);
      assertEquals([told.stdout, ending], ["", { code: 6 }]);
      const { id, entry, text } = error!;
      assertEquals([error!.error, entry], ["unprinted_payment", 3]);
      const ask = `micropay client 127.0.0.1 ${scene.server.port} --home ${
        scene.home("alice")
      } status ${id}`;
      const expected =
        `print the payment ${id}: ${because}; it is booked as entry 3. Ask with: ${ask}`;
      assertEquals(text, expected);
      assertMatch(
        (await scene.inProcess(["status", String(id)])).stdout,
        new RegExp(`^transfer OK\nalice paid 2000 to bob on \\S+, entry 3, id ${id}\n$`),
      );
      assertEquals((await scene.inProcess([...pay, "--id", String(id)])).code, 0);
      assertEquals(scene.payments(), 1);

      const refunded = await scene.client(["refund", String(id)], { as: "bob", prefix });
      assertMatch(
        refunded.stderr,
        /^micropay: print the payment [0-9a-f-]{36}: .*; it is booked as entry 4\. Ask with: micropay client \S+ \d+ .*status/,
      );
      assertStringIncludes(refunded.stderr, because);
      assertEquals(refunded.code === 6 || refunded.stderr.endsWith("\nexit 6\n"), true);
      assertEquals((await scene.inProcess(["balance"])).stdout, "10000\n");
    },
  );
}

onLinux("a payment of which neither result nor error can be printed ends with 6", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const pay = ["pay", "bob", "2000", "--via-server", "--verbose"];
  assertEquals((await scene.client(pay, { prefix: allToFullDisk })).code, 6);
  assertEquals(scene.payments(), 1);
});

onLinux(
  "an operator's correction that was booked and cannot be printed ends with 6 and its id",
  async () => {
    await using scene = await openSceneInProcess(["alice"]);
    const deposit = ["ledger", "deposit", "alice", "5", "--json"];
    const { code, stderr } = await scene.run(deposit, { prefix: toFullDisk });
    const { error, id, text } = json(stderr);
    assertEquals([code, error], [6, "unprinted_payment"]);
    assertStringIncludes(String(text), `booked as entry 2. Ask with: micropay ledger show ${id}`);
    assertMatch((await scene.ledgerInProcess("show", String(id))).stdout, /^number +2$/m);
  },
);

onLinux("any other result that cannot be written is one line of error, and 1", async (t) => {
  await using scene = await openSceneInProcess(["alice"]);
  const rows = [
    ["client", "127.0.0.1", String(scene.server.port), "balance"],
    ["client", "127.0.0.1", String(scene.server.port), "receive", "--json"],
    ["ledger", "balances"],
    ["--help"],
  ];
  for (const args of rows) {
    await step(t, args.join(" ").replace(/\d{4,}/, "PORT"), async () => {
      const env = { MICROPAY_HOME: scene.home("alice") };
      const { code, stderr } = await scene.run(args, { env, prefix: toFullDisk });
      const text = args.includes("--json")
        ? `{"error":"output","text":"${noSpace}"}\n`
        : `micropay: ${noSpace}\n`;
      assertEquals([code, stderr], [1, text]);
    });
  }
});

onLinux(
  "who reads only the beginning hears of no error, and the exit code is that of the whole command",
  async (t) => {
    await using scene = await openSceneInProcess(["alice", "bob"]);
    for (let amount = 1; amount <= 3; amount++) {
      await scene.inProcess(["pay", "bob", String(amount), "--via-server"]);
    }
    const client = ["client", "127.0.0.1", String(scene.server.port)];
    const unknown = "019aaf3e-7c00-7000-8000-000000000001";
    const rows = [
      { args: [...client, "history"], prefix: toNobody, code: 0 },
      { args: [...client, "history"], prefix: toReaderOfOneLine, code: 0 },
      {
        args: [...client, "status", unknown],
        prefix: toReaderOfOneLine,
        code: 5,
        says: /^no payment .* is booked/,
      },
      { args: ["ledger", "export"], prefix: toReaderOfOneLine, code: 0 },
      { args: ["ledger", "audit", "--db", "no.db"], prefix: toNobody, code: 1, says: /no\.db/ },
    ];
    for (const { args, prefix, code, says } of rows) {
      await step(t, args.join(" ").replace(/\d{4,}/, "PORT"), async () => {
        const env = { MICROPAY_HOME: scene.home("alice") };
        const { stderr } = await scene.run(args, { env, prefix });
        const lines = stderr.trimEnd().split("\n");
        assertEquals(lines.pop(), `exit ${code}`);
        if (says) assertMatch(lines.join("\n"), says);
        else assertEquals(lines, []);
      });
    }
  },
);

onLinux(
  "a payment that came and cannot be printed is acknowledged, told on stderr and kept, and receive ends",
  async (t) => {
    await using scene = await openSceneInProcess(["alice", "bob"]);
    await step(t, "on a full disk, in words", async () => {
      const bob = scene.startClient(["receive"], { as: "bob", prefix: toFullDisk });
      await bob.errorLine(/^Online, taking payments/);
      const id = await payBob(scene);
      const { code, stderr } = await bob.end();
      const file = receiptFile(scene);
      const again = `micropay client 127.0.0.1 ${scene.server.port} --home ${
        scene.home("bob")
      } receive --since 2`;
      assertEquals([code, stderr.split("\n").slice(1)], [1, [
        `micropay: the payment ${id} of 2000 from alice came and could not be printed: entry 3, its receipt is in ${file}`,
        `micropay: ${noSpace}; this prints what was not: ${again}`,
        "",
      ]]);
      const kept = await scene.inProcess(["receipt", id], { as: "bob" });
      assertEquals(typeof json(kept.stdout).receipt, "string");
    });
    await step(t, "to a reader that left, as JSON", async () => {
      const options = { as: "bob", prefix: toReaderOfOneLine };
      const bob = scene.startClient(["receive", "--json"], options);
      await bob.line(/^\{"event":"online"/);
      const id = await payBob(scene);
      const { stderr } = await bob.end();
      const [unprinted, error, ending] = errorLines(stderr);
      const { receipt, ...told } = unprinted!;
      const payment = { id, from: "alice", amount: 2000, entry: 4, way: "direct" };
      const file = receiptFile(scene);
      assertEquals([told, typeof receipt], [{ event: "unprinted", ...payment, file }, "string"]);
      assertEquals([error!.error, ending], ["output", { code: 1 }]);
    });
    const missed = ["receive", "--json", "--since", "2", "--count", "2"];
    const { stdout } = await scene.inProcess(missed, { as: "bob" });
    assertEquals(jsonLines(stdout).slice(1).map(({ entry }) => entry), [3, 4]);
  },
);

onLinux("the menu ends when it cannot print, and not as if nothing had happened", async () => {
  await using scene = await openSceneInProcess([]);
  const menu = scene.startClient([], { stdin: "piped", prefix: toFullDisk });
  await menu.errorLine(/^1 REGISTER/);
  await menu.type("1", "alice");
  const { code, stderr } = await menu.end();
  assertEquals([code, stderr.trimEnd().split("\n").at(-1)], [1, `micropay: ${noSpace}`]);
});

/** @returns the payment's id */
async function payBob(scene: Scene): Promise<string> {
  const { code, stdout } = await scene.inProcess(["pay", "bob", "2000", "--json"]);
  assertEquals(code, 0);
  return String(json(stdout).id);
}

function receiptFile(scene: Scene): string {
  return join(scene.home("bob"), "wallet.db");
}

/** The objects on stderr, and the exit code that a shell told there. */
function errorLines(stderr: string): Record<string, unknown>[] {
  return stderr.trimEnd().split("\n").map((line) => {
    const [, code] = /^exit (\d+)$/.exec(line) ?? [];
    return code === undefined ? json(line) : { code: Number(code) };
  });
}
