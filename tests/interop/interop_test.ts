/**
 * Shows that `docs/protocol.md` is enough to write a client. The client was written from it and
 * uses none of our code. It pays our client and is paid by it through the real server.
 */
import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Command, runCommand } from "../end_to_end/command.ts";
import { Program } from "./program.ts";

/** What a step of the other client tells. */
// deno-lint-ignore no-explicit-any
type Step = any;

/** A real server with its certificates in a folder that is removed at the end. */
class Ledger implements AsyncDisposable {
  private constructor(readonly folder: string, readonly server: Command, readonly port: string) {}

  /** Starts it in this process, with further options. */
  static async start(...options: readonly string[]): Promise<Ledger> {
    const folder = await Deno.makeTempDir();
    const places = ["--certs", `${folder}/certs`, "--db", `${folder}/server.db`];
    const args = ["0", "8", "--host", "127.0.0.1", ...places, ...options];
    const server = new Command(["server", ...args], { env: {} });
    const [, port] = await server.line(/^Server listening on port (\d+)$/);
    return new Ledger(folder, server, port!);
  }

  /** The arguments of our client for this member, before its command. */
  client(name: string): readonly string[] {
    const trust = ["--ca", `${this.folder}/certs/CA.pem`, "--home", `${this.folder}/${name}`];
    return ["client", "127.0.0.1", this.port, ...trust];
  }

  async register(name: string): Promise<void> {
    const { stdout } = await runCommand([...this.client(name), "register", name, "--json"], {
      env: {},
    });
    assertStringIncludes(stdout, '"code":100');
  }

  /** A script of the other client. */
  other(script: string, ...args: readonly string[]): Program {
    return this.otherTrusting(`${this.folder}/certs/CA.pem`, script, ...args);
  }

  otherTrusting(caFile: string, script: string, ...args: readonly string[]): Program {
    const path = new URL(script, import.meta.url).pathname;
    return new Program("node", [path, "127.0.0.1", this.port, caFile, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function stepsOf(program: Program): Promise<readonly Step[]> {
  const lines = await program.lines();
  assertEquals(await program.status(), 0, [...lines, program.errors].join("\n"));
  return lines.map((line) => JSON.parse(line));
}

function named(steps: readonly Step[]): Record<string, Step> {
  return Object.fromEntries(steps.map((one) => [one.step, one]));
}

const codes = ({ outcomes }: Step): readonly number[] =>
  outcomes.map(({ code }: { code: number }) => code);
const receipts = ({ outcomes }: Step): readonly unknown[] =>
  outcomes.map(({ receipt }: { receipt: unknown }) => receipt);
const all = (count: number, code: number) => Array.from({ length: count }, () => code);

testWith(
  ["node", "openssl"],
  "a client of another make pays ours one by one, 25 at once, and 25 in one message to the server",
  async () => {
    await using ledger = await Ledger.start("--silent");
    await ledger.register("bob");
    const receive = ["receive", "--count", "52", "--json"];
    await using receiving = new Command([...ledger.client("bob"), ...receive], { env: {} });
    await receiving.line(/"event":"online"/);
    await using other = ledger.other("./client.mjs", "node", "bob", "20");
    const steps = named(await stepsOf(other));

    assertEquals(steps.register.code, 100);
    assertEquals([steps.login.code, steps.login.answer], [110, { ip: "127.0.0.1", port: 9 }]);
    const online = steps.list.answer.online.map(({ name }: { name: string }) => name);
    assertEquals(online, ["bob", "node"]);
    assertEquals([steps.pay.code, steps.pay.text], [130, "transfer OK"]);
    assertEquals(steps.status.answer.refunded, 0);

    assertEquals(codes(steps.kept), all(25, 130));
    assertEquals(steps.kept.sizes.reduce((sum: number, size: number) => sum + size), 26);
    assertEquals(codes(steps.submit), all(25, 130));
    assertEquals(codes(steps.again), [...all(24, 130), 261]);
    assertEquals(receipts(steps.again).slice(0, 24), receipts(steps.submit).slice(0, 24));

    assertEquals(steps.void.code, 400);
    assertEquals(codes(steps.late), [265]);
    assertEquals(codes(steps.expired), [265]);
    assertEquals(codes(steps.last), [130]);
    assertEquals(steps.booked.code, 130);

    const booked = 52 * 20;
    assertEquals([steps.before.answer.balance, steps.after.answer.balance], [
      10_000,
      10_000 - booked,
    ]);
    const { entries } = steps.history;
    assertEquals(entries.length, 53);
    assertEquals(entries[1].memo, "käse 🧀");
    assertEquals(steps.ledger.last, entries.at(-1).entry);
    assertEquals(steps.ledger.peers, 1, "our payee shows what it saw of the ledger");
    assertEquals(steps.pushes.types, ["result"]);
    assertEquals([steps.exit.code, steps.exit.text], [120, "Bye"]);

    const { code, stdout } = await receiving.end();
    assertEquals(code, 0);
    // The first line says that it is online.
    const events = stdout.trimEnd().split("\n").slice(1).map((line) => JSON.parse(line));
    const paid = events.map(({ from, amount, memo }) => [from, amount, memo]);
    assertEquals(paid[0], ["node", 20, "käse 🧀"]);
    assertEquals(paid.filter(([, , memo]) => memo === "kept").length, 25);
    assertEquals(paid.filter(([, , memo]) => memo === "one message").length, 25);
  },
);

testWith(
  ["node", "openssl"],
  "our client pays one of another make, which submits 25 orders in one message and refunds 25",
  async () => {
    await using ledger = await Ledger.start("--silent");
    await ledger.register("alice");
    await using other = ledger.other("./payee.mjs", "node", "26");
    await other.lineWith(/"step":"login".*"code":110/);

    const pay = ["pay", "node", "5", "--via-server", "--json"];
    const viaServer = await runCommand([...ledger.client("alice"), ...pay], { env: {} });
    assertStringIncludes(viaServer.stdout, '"code":130');

    const transactions = (amount: number, count: number) => `4\nnode\n${amount}\n`.repeat(count);
    const choices = [
      "2\nalice\n0\n",
      transactions(17, 25),
      transactions(13, 1),
      transactions(10, 25),
      "5\n",
    ];
    const input = choices.join("");
    const menu = await runCommand(ledger.client("alice"), { env: {}, input });
    const said = menu.stdout.split("\n");
    assertEquals(menu.code, 0, menu.stderr);
    // The orders of 17 are in doubt, but for one that was booked before the payer asked.
    const inDoubt = menu.stderr.split("the answer was 500").length - 1;
    const paid = said.filter((line) => line === "transfer OK").length;
    assertEquals(inDoubt + paid, 50, menu.stderr);
    assert(inDoubt >= 24, menu.stderr);
    assert(said.includes("transfer FAIL: the order is not valid"));

    const told = await stepsOf(other);
    const steps = named(told);
    const ways = told.filter(({ step }) => step === "payment").map(({ way }) => way);
    assertEquals(ways, ["pushed", ...Array.from({ length: 25 }, () => "direct")]);
    assertEquals(codes(steps.held), all(25, 130));
    assertEquals(codes(steps.again), all(25, 130));
    assertEquals(receipts(steps.again), steps.again.receipts);
    // Our client made the order void that the other one had refused.
    assertEquals(codes(steps.late), [265]);
    assertEquals(codes(steps.refunds), all(25, 130));
    assertEquals(steps.refunded.answer.refunded, 10);
    assertEquals(steps.balance.answer.balance, 10_000 + 5 + 25 * 17);
    assertEquals(steps.history.entries.length, 1 + 1 + 25 + 25 + 25);
    assertEquals(steps.ledger.last, steps.history.entries.at(-1).entry);
    assertEquals(steps.ledger.peers, 1, "our payer shows what it saw of the ledger");
    // Our client drops a connection after an undecided or refused order. The last 25 share one.
    assert(steps.peers.count <= 25 + 1 + 1, `${steps.peers.count} connections`);

    const history = ["history", "--limit", "100", "--json"];
    const { stdout } = await runCommand([...ledger.client("alice"), ...history], { env: {} });
    const balances = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).balance);
    assertEquals([balances.length, balances[0]], [77, 10_000 - 5 - 25 * 17]);
  },
);

testWith(
  ["node", "openssl"],
  "a client of another make refuses a server of another CA, and tells it nothing",
  async () => {
    await using ledger = await Ledger.start();
    const others = `${ledger.folder}/others`;
    assertEquals((await runCommand(["gencert", "--out", others], { env: {} })).code, 0);
    const args = ["node", "bob", "1"];
    await using other = ledger.otherTrusting(`${others}/CA.pem`, "./client.mjs", ...args);
    assertEquals(await other.lines(), []);
    assertEquals(await other.status(), 1);
    assertStringIncludes(other.errors, "refused: another CA");
    ledger.server.signal("SIGTERM");
    const { stdout } = await ledger.server.end();
    assert(!/^→/m.test(stdout), stdout);
  },
);
