/**
 * A client written from docs/protocol.md alone that is paid by a member, and gives it back.
 *
 *     node payee.mjs HOST PORT CA.pem NAME COUNT
 *
 * Registers, goes online, and takes so many payments. It refuses orders of 13. Of orders of 17 it says that nothing is decided, until it
 * has 25, and submits those in one message. At the end it gives 25 payments back in one message. Prints one line of JSON for each step.
 * Needs the `openssl` command for the certificate request.
 */
import { Member } from "./member.mjs";

const [host, port, caFile, name, count] = process.argv.slice(2);
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

const member = await Member.join({ host, port, caFile, name, told: (it) => say("register", it) });
const refused = [];
const held = [];
member.objection = (order) => {
  if (order.amount === 13) return refused.push(order) && 261;
  if (order.amount !== 17) return undefined;
  if (held.push(order) === 25) member.submit(held).then((outcomes) => say("held", { outcomes }));
  return 500;
};
const payments = [];
const paid = new Promise((resolve) => {
  member.onPayment = ({ order, receipt, way }) => {
    const { payer, amount, memo } = order;
    say("payment", { way, payer, amount, memo, entry: receipt.entry });
    if (payments.push({ order, receipt }) === Number(count)) resolve();
  };
});
// Payers are shown what this member sees.
await member.auditLedger([]);
say("login", await member.goOnline());
await paid;

const orders = payments.map(({ order }) => order).slice(-25);
say("again", {
  outcomes: await member.submit(orders),
  receipts: payments.map(({ receipt }) => receipt).slice(-25),
});
say("late", { outcomes: await member.submit(refused) });

const refunds = orders.map(({ id: refunds, payer: payee, amount }) =>
  member.makeOrder({ payee, amount, refunds })
);
say("refunds", { outcomes: await member.submit(refunds) });
say("refunded", await member.status(orders[0]));

say("balance", await member.server.ask("balance", {}));
const entries = await member.history(20);
say("history", { entries });
say("ledger", await member.auditLedger(entries));
say("peers", { count: member.listener.peerCount() });
say("exit", await member.exit());
