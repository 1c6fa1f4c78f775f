/**
 * The demo's scenes: certificates, a server, two people in processes of their own, and payments
 * between them. The screen shows what the programs print. The expected output is in this file.
 */
import { DatabaseSync } from "node:sqlite";
import { type Program, UnexpectedError } from "./program.ts";
import { heading, showAnswer, showCommand, showLine } from "./screen.ts";
import type { Stage } from "./stage.ts";

const initialBalance = 10_000;
const amount = 2_000;

/** @throws {UnexpectedError} when anything is not as it should be */
export async function play(stage: Stage): Promise<void> {
  console.log("Alice pays Bob: an operator, a server and two people, each a process of its own.");
  await makeCertificates(stage);
  const { server, port } = await startServer(stage);
  const client = ["client", "127.0.0.1", port];
  const bob = await bringBobOnline(stage, client);
  await payAtTheMenu(stage, client);
  await seeMoneyArrive(bob);
  await compareReceipts(stage, client);
  lookIntoLedger(stage);
  await stopServer(server);
}

async function makeCertificates(stage: Stage): Promise<void> {
  heading("The operator makes the certificates");
  const gencert = await stage.run(["gencert"]);
  showAll(gencert);
  for (const name of ["CA.pem", "CA.key", "server.crt", "server.key"]) {
    await gencert.line("stdout", new RegExp(`^certs/${name}$`));
  }
  await gencert.line("stdout", /^CA fingerprint \(SHA-256\): [0-9a-f]{64}$/);
}

async function startServer(stage: Stage): Promise<{ server: Program; port: string }> {
  heading("… and starts the server on a free port");
  const server = stage.start(["server", "0", "3", "--silent"]);
  await server.line("stdout", /^User limit is now set to 3$/);
  const [, port] = await server.line("stdout", /^Server listening on port (\d+)$/);
  showAll(server);
  return { server, port: port! };
}

/** Bob uses the one-shot commands, as a script would. */
async function bringBobOnline(stage: Stage, client: readonly string[]): Promise<Program> {
  heading("Bob registers, and waits for a payment");
  const register = await stage.run([...client, "register", "bob"], "bob");
  showAll(register);
  expectEqual("what Bob saw", register.results, ["100 OK"]);

  const receive = stage.start([...client, "receive"], "bob");
  await receive.line("stderr", /^Online, taking payments on port \d+/);
  showAll(receive);
  return receive;
}

/** Alice uses the numbered menu, as a person does. */
async function payAtTheMenu(stage: Stage, client: readonly string[]): Promise<void> {
  heading("Alice registers, logs in and pays Bob, at the menu");
  const alice = stage.start(client, "alice");
  showCommand(alice.command);
  const [menu] = await alice.line("stderr", /^1 REGISTER .* 5 EXIT$/);
  showLine(menu);

  await answer(alice, "Your choice", "1");
  await answer(alice, "Name", "alice");
  await results(alice, [/^100 OK$/]);
  await answer(alice, "Your choice", "2");
  await answer(alice, "Name", "alice");
  await answer(alice, "Port for payments, 0 for any", "0");
  await results(alice, systemInformation(initialBalance));
  await answer(alice, "Your choice", "4");
  await answer(alice, "Payee", "bob");
  await answer(alice, "Amount", String(amount));
  await results(alice, [
    /^transfer OK$/,
    new RegExp(
      `^paid ${amount} to bob, balance ${initialBalance - amount}, entry 3, id [0-9a-f-]{36}$`,
    ),
  ]);
  await answer(alice, "Your choice", "3");
  await results(alice, systemInformation(initialBalance - amount));
  await answer(alice, "Your choice", "5");
  await results(alice, [
    /^Bye$/,
    /^Bytes written: \d+$/,
    /^Bytes read: \d+$/,
    /^Time spent: .* s$/,
  ]);
  await alice.end();
}

function systemInformation(balance: number): RegExp[] {
  return [
    new RegExp(`^Account balance: ${balance}$`),
    /^Number online: 2$/,
    /^alice#127\.0\.0\.1#\d+$/,
    /^bob#127\.0\.0\.1#\d+$/,
  ];
}

async function answer(program: Program, question: string, text: string): Promise<void> {
  await program.line("stderr", new RegExp(`^${question}:$`));
  await program.type(text);
  showAnswer(`${question}:`, text);
}

async function results(program: Program, patterns: readonly RegExp[]): Promise<void> {
  for (const pattern of patterns) {
    const [line] = await program.line("stdout", pattern);
    showLine(line);
  }
}

async function seeMoneyArrive(bob: Program): Promise<void> {
  heading("Meanwhile Bob saw this, and now he leaves with Ctrl-C");
  const notification = `[Notification] alice just sent you $${amount}!`;
  const [named] = await bob.line("stdout", /^entry 3, id [0-9a-f-]{36}$/);
  bob.signal("SIGINT");
  await bob.end();
  expectEqual("what Bob saw", bob.results, [notification, named]);
  bob.results.forEach(showLine);
}

/** Each asks the server what became of the payment, and has its signed answer on file. */
async function compareReceipts(stage: Stage, client: readonly string[]): Promise<void> {
  heading("Alice looks at her history; she and Bob hold the same signed receipt");
  const history = await stage.run([...client, "history", "--limit", "1"], "alice");
  showAll(history);
  const [, found] = await history.line(
    "stdout",
    new RegExp(`alice → bob  ${amount}  balance ${initialBalance - amount}  id ([0-9a-f-]{36})$`),
  );
  const id = found!;

  const kept = await Promise.all(["alice", "bob"].map(async (name) => {
    const status = await stage.run([...client, "status", id, "--json"], name);
    const receipt = await keptReceipt(stage, client, { name, id });
    expectEqual(`${name}'s receipt on file`, receipt, JSON.parse(status.results[0]!).receipt);
    return receipt;
  }));
  expectEqual("Bob's receipt, beside Alice's", kept[1], kept[0]);
  showLine(`receipt: ${kept[0]!.slice(0, receiptShownLength)}…`);
}

const receiptShownLength = 80;

async function keptReceipt(
  stage: Stage,
  client: readonly string[],
  { name, id }: { name: string; id: string },
): Promise<string> {
  const kept = await stage.run([...client, "receipt", id], name);
  return JSON.parse(kept.results[0]!).receipt;
}

/** Reads the ledger while the server runs, as anyone with the `sqlite3` command can. */
function lookIntoLedger(stage: Stage): void {
  const query = "SELECT username, balance FROM client ORDER BY username";
  heading("The balances at the end, read from the ledger while the server runs");
  showCommand(`sqlite3 server.db '${query}'`);
  const database = new DatabaseSync(`${stage.folder}/server.db`, { readOnly: true });
  try {
    const rows = database.prepare(query).all().map((row) => Object.values(row).join("|"));
    rows.forEach(showLine);
    expectEqual("the balances", rows, [
      // The account that all starting balances came out of: together they are zero.
      `@issuer|${-2 * initialBalance}`,
      `alice|${initialBalance - amount}`,
      `bob|${initialBalance + amount}`,
    ]);
  } finally {
    database.close();
  }
}

async function stopServer(server: Program): Promise<void> {
  heading("The operator stops the server with Ctrl-C; it had printed, for each message:");
  server.signal("SIGINT");
  await server.end();
  for (const line of server.results) {
    if (/^→|is o(n|ff)line|^Server stop/.test(line)) showLine(line);
  }
  await server.line("stdout", new RegExp(`^→ \\[alice#${amount}#bob\\] from 127\\.0\\.0\\.1@`));
  await server.line("stdout", /^Server stopped$/);
}

/** The command, and everything that it has printed until now. */
function showAll(program: Program): void {
  showCommand(program.command);
  for (const { text } of program.lines) showLine(text);
}

function expectEqual(what: string, seen: unknown, expected: unknown): void {
  const [seenText, expectedText] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (seenText === expectedText) return;
  throw new UnexpectedError(`${what}:\n  expected ${expectedText}\n  seen     ${seenText}`);
}
