/**
 * What the whole thing is for, from an empty folder to two receipts.
 */
import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { json, openScene, type Scene } from "./driver.ts";

testWith(
  ["sqlite3"],
  "two people register, one pays the other directly, both get a receipt, and sqlite3 shows it meanwhile",
  async () => {
    await using scene = await openScene();
    const { program } = await scene.startServer({ args: ["5"] });
    const said = program.stdout.lines;
    const folder = `${await Deno.realPath(scene.folder)}/certs`;
    assertEquals(said.slice(0, 6), [
      "User limit is now set to 5",
      `No certificates in ${folder}, making them:`,
      `${folder}/CA.pem`,
      `${folder}/CA.key`,
      `${folder}/server.crt`,
      `${folder}/server.key`,
    ]);
    assertMatch(said[6]!, /^CA fingerprint \(SHA-256\): [0-9a-f]{64}$/);
    const registered = await Promise.all(
      ["alice", "bob"].map((name) => scene.client(["register", name], { as: name })),
    );
    const ok = { code: 0, signal: null, stdout: "100 OK\n" };
    assertEquals(
      registered,
      ["alice", "bob"].map((name) => ({
        ...ok,
        stderr: `registered as ${name}, balance 10000. Next: micropay client 127.0.0.1 ` +
          `${scene.server.port} --home ${scene.home(name)}\n`,
      })),
    );

    const bob = scene.startClient(["receive", "--count", "1"], { as: "bob" });
    const [, port] = await bob.errorLine(/^Online, taking payments on port (\d+)\. Ctrl-C ends\.$/);
    assertEquals(
      (await scene.client(["list"])).stdout,
      `Account balance: 10000\nNumber online: 1\nbob#127.0.0.1#${port}\n`,
    );
    assertEquals(
      await sqlite3(
        scene,
        "SELECT username, ip, private_port, online_status, balance FROM client WHERE username = 'bob'",
      ),
      `bob|127.0.0.1|${port}|1|10000\n`,
    );

    const paid = await scene.client(["pay", "bob", "2000", "--memo", "lunch"]);
    assertEquals([paid.code, paid.stderr], [0, ""]);
    const [, entry, id] =
      /^transfer OK\npaid 2000 to bob, balance 8000, entry (\d+), id ([0-9a-f-]{36})\n$/.exec(
        paid.stdout,
      )!;
    const taken = await bob.end();
    assertEquals(taken.code, 0);
    assertEquals(
      taken.stdout,
      `[Notification] alice just sent you $2000! ("lunch")\nentry ${entry}, id ${id}\n`,
    );

    const receipts = await Promise.all(["alice", "bob"].map(async (name) => {
      assertEquals(Deno.statSync(`${scene.home(name)}/wallet.db`).mode! & 0o777, 0o600);
      return json((await scene.client(["receipt", id!], { as: name })).stdout);
    }));
    assertEquals(receipts[0], receipts[1]);

    const [balance, hers, history, status] = await Promise.all([
      scene.client(["balance"]),
      scene.client(["balance"], { as: "bob" }),
      scene.client(["history", "--limit", "1"]),
      scene.client(["status", id!]),
    ]);
    assertEquals([balance.stdout, hers.stdout], ["8000\n", "12000\n"]);
    assertMatch(
      history.stdout,
      new RegExp(`^${entry}  \\S+Z  alice → bob  2000  balance 8000  id ${id}  "lunch"\n$`),
    );
    assertMatch(
      status.stdout,
      new RegExp(`^transfer OK\nalice paid 2000 to bob on \\S+Z, entry ${entry}, id ${id}\n$`),
    );
    assertEquals(
      await sqlite3(
        scene,
        "SELECT username, balance FROM client ORDER BY username",
      ),
      "@issuer|-20000\nalice|8000\nbob|12000\n",
    );
    assertEquals(
      await sqlite3(
        scene,
        `SELECT number, payer, payee, amount, memo FROM entry WHERE id = '${id}'`,
      ),
      `${entry}|alice|bob|2000|lunch\n`,
    );

    // Everything that came is in the output: the request in words, and the line as it was sealed.
    const { code, stdout, stderr } = await scene.server.stop();
    assertEquals([code, stderr], [0, ""]);
    const sealed = String.raw`(eyJ[\w-]+\.[\w-]+\.[\w-]+\.[\w-]+\.[\w-]+)`;
    const from = String.raw`from 127\.0\.0\.1@\d+`;
    for (const request of ["REGISTER#alice", "alice#2000#bob", "List", "Balance"]) {
      assertMatch(stdout, new RegExp(String.raw`\n→ \[${request}\] ${from}\n${sealed}\n`));
    }
    assert(stdout.endsWith("Server stopped\n"));
  },
);

/** What the command prints for a statement on the server's database. */
async function sqlite3(scene: Scene, statement: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sqlite3", {
    args: ["-readonly", scene.path("server.db"), statement],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
