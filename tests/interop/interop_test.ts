/**
 * `docs/protocol.md` is enough to write a client from: one that was, without a line of ours, works with the real server and pays
 * the real client.
 */
import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Program } from "./program.ts";

testWith(
  ["node", "openssl"],
  "a client of another make registers, logs in, pays a member, and checks all it is told",
  async () => {
    const folder = await Deno.makeTempDir();
    const certs = `${folder}/certs`;
    await using server = Program.micropay(
      "server",
      "0",
      "8",
      "--host",
      "127.0.0.1",
      "--silent",
      "--certs",
      certs,
      "--db",
      `${folder}/server.db`,
    );
    try {
      const port = (await server.lineWith(/^Server listening on port (\d+)$/))[1]!;
      const bob = [
        "client",
        "127.0.0.1",
        port,
        "--ca",
        `${certs}/CA.pem`,
        "--home",
        `${folder}/bob`,
        "--json",
      ];
      await using registering = Program.micropay(...bob, "register", "bob");
      await registering.lineWith(/"code":100/);
      await using receiving = Program.micropay(...bob, "receive", "--count", "1");
      await receiving.lineWith(/"event":"online"/);

      const script = new URL("./client.mjs", import.meta.url).pathname;
      const args = ["127.0.0.1", port, `${certs}/CA.pem`, "node", "bob", "2000"];
      await using other = new Program("node", [script, ...args]);
      const lines = await other.lines();
      assertEquals(await other.status(), 0, lines.join("\n"));
      const steps = Object.fromEntries(
        lines.map((line) => JSON.parse(line)).map((one) => [one.step, one]),
      );

      assertEquals(steps.register.code, 100);
      assertEquals([steps.login.code, steps.login.answer], [110, { ip: "127.0.0.1", port: 9 }]);
      assertEquals(steps.list.answer.online.map(({ name }: { name: string }) => name), [
        "bob",
        "node",
      ]);
      assertEquals([steps.before.answer.balance, steps.after.answer.balance], [10_000, 8000]);
      assertEquals([steps.pay.code, steps.pay.text], [130, "transfer OK"]);
      assertEquals(steps.status.receipt, steps.pay.receipt);
      assertEquals(steps.history.answer.entries[0].memo, "käse 🧀");
      assertEquals(steps.chain.head, steps.pay.receipt.head);
      assertEquals(steps.pushes.types, ["result"]);
      assertEquals([steps.exit.code, steps.exit.text], [120, "Bye"]);

      const payment = JSON.parse((await receiving.lineWith(/"event":"payment"/)).input!);
      assertEquals([payment.from, payment.amount, payment.memo], ["node", 2000, "käse 🧀"]);
      assertEquals(await receiving.status(), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testWith(
  ["node", "openssl"],
  "a client of another make refuses a server of another CA, and tells it nothing",
  async () => {
    const folder = await Deno.makeTempDir();
    const [certs, others] = [`${folder}/certs`, `${folder}/others`];
    await using server = Program.micropay(
      "server",
      "0",
      "3",
      "--host",
      "127.0.0.1",
      "--certs",
      certs,
      "--db",
      `${folder}/server.db`,
    );
    try {
      await using gencert = Program.micropay("gencert", "--out", others);
      assertEquals(await gencert.status(), 0);
      const port = (await server.lineWith(/^Server listening on port (\d+)$/))[1]!;
      const script = new URL("./client.mjs", import.meta.url).pathname;
      await using other = new Program("node", [
        script,
        "127.0.0.1",
        port,
        `${others}/CA.pem`,
        "node",
        "bob",
        "1",
      ]);
      assertEquals(await other.lines(), []);
      assertEquals(await other.status(), 1);
      assertStringIncludes(other.errors, "refused: another CA");
      server.stop();
      const said = await server.lines();
      assert(!said.some((line) => line.startsWith("→")), said.join("\n"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
