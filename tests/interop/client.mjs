/**
 * A client written from docs/protocol.md alone: registers, lists, reads its balance, and pays a member in every way.
 *
 *     node client.mjs HOST PORT CA.pem NAME PAYEE AMOUNT
 *
 * Prints one line of JSON for each step. Needs the `openssl` command for the certificate request.
 */
import { Member } from "./member.mjs";

const [host, port, caFile, name, payee, amountText] = process.argv.slice(2);
const amount = Number(amountText);
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

const member = await Member.join({ host, port, caFile, name, told: (it) => say("register", it) });
const { server } = member;
say("login", await server.ask("login", { name, port: 9 }));
say("list", await server.ask("list", {}));
say("before", await server.ask("balance", {}));

// The payee is shown what this member sees.
await member.auditLedger([]);
const makeOrders = (count, memo) =>
  Array.from({ length: count }, () => member.makeOrder({ payee, amount, memo }));

const [first] = makeOrders(1, "käse 🧀");
const [paid] = await member.pay(payee, [first]);
say("pay", paid);
say("status", await member.status(first));

const kept = makeOrders(25, "kept");
say("kept", { outcomes: await member.pay(payee, kept), sizes: member.resultSizes });
const oneMessage = makeOrders(25, "one message");
say("submit", { outcomes: await member.submit(oneMessage) });
// The same again has the same receipts.
const mixed = [...oneMessage.slice(0, 24), { jws: "no order" }];
say("again", { outcomes: await member.submit(mixed) });

const [taken] = makeOrders(1);
say("void", await member.status(taken, { isVoid: true }));
say("late", { outcomes: await member.submit([taken]) });
// Our payee refuses it itself: it was good until a minute ago.
const old = member.makeOrder({ payee, amount, time: server.time - 180_000 });
say("expired", { outcomes: await member.pay(payee, [old]) });
say("last", { outcomes: await member.pay(payee, makeOrders(1)) });
say("booked", await member.status(first, { isVoid: true }));

say("after", await server.ask("balance", {}));
const entries = await member.history(20);
say("history", { entries });
say("ledger", await member.auditLedger(entries));
say("pushes", { types: [...new Set(server.pushes.map(({ type }) => type))] });
say("exit", await member.exit());
