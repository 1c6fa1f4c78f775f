/**
 * A client written from docs/protocol.md alone: registers, logs in, lists, reads its balance, and pays a member directly.
 *
 *     node client.mjs HOST PORT CA.pem NAME PAYEE AMOUNT
 *
 * Prints one line of JSON for each step. Needs the `openssl` command for the certificate request.
 */
import { createHash, randomBytes } from "node:crypto";
import { Newcomer } from "./newcomer.mjs";
import {
  Connection,
  demand,
  readDocument,
  sha256,
  signDocument,
  verifyChain,
  verifyDocument,
} from "./wire.mjs";

const [host, port, caFile, name, payee, amountText] = process.argv.slice(2);
const newcomer = new Newcomer({ host, port, caFile, name });
const { ca, sessionKey } = newcomer;
const ledger = sha256(ca.raw);
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));

const me = await newcomer.register((reply) => say("register", reply));
const server = await newcomer.toServer(me);
say("login", await server.ask("login", { name, port: 9 }));
say("list", await server.ask("list", {}));
say("before", await server.ask("balance", {}));
const order = makeOrder(Number(amountText));
say("pay", await pay(order));
say("status", await proven(await server.ask("status", { id: order.id }), order));
say("after", await server.ask("balance", {}));
say("history", await server.ask("history", { limit: 1 }));
say("chain", await followChain());
say("pushes", { types: server.pushes.map(({ type }) => type) });
say("exit", await server.ask("exit", {}));
server.close();

/** A UUIDv7. */
function makeId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function makeOrder(amount) {
  const iat = server.greetedAt;
  const terms = {
    id: makeId(),
    ledger,
    payer: name,
    payee,
    amount,
    memo: "käse 🧀",
    iat,
    exp: iat + 120,
  };
  return { ...terms, jws: signDocument("micropay-order", terms, me) };
}

async function pay(order) {
  const { answer } = await server.ask("locate", { name: payee });
  demand(answer.name === payee, "the place of another");
  const peer = await Connection.open({
    host: answer.ip,
    port: answer.port,
    ca,
    role: "member",
    sessionKey,
  });
  demand(peer.uri === `micropay:account:${payee}`, "another than the payee answers");
  peer.introduce(me);
  const refused = peer.ask("pay", { order: order.jws }).then(({ code, text }) => {
    throw new Error(`the payee refuses: ${code} ${text}`);
  });
  const result = await Promise.race([resultOf(order), refused]);
  // The payee says nothing more when the server has decided.
  refused.catch(() => {});
  peer.close();
  return proven(result, order);
}

/** The server's `result` of an order, in the form of a reply. */
async function resultOf({ jws }) {
  for (;;) {
    const { type, body } = await server.nextPush();
    const result = type === "result" && body.results.find(({ order }) => order === sha256(jws));
    if (!result) continue;
    const { code, text, receipt } = result;
    return { code, text, answer: { receipt: `${body.header}.${receipt}` } };
  }
}

/** Checks that a reply brings the receipt of the order. */
function proven(reply, order) {
  demand(reply.code === 130, reply.text);
  const document = readDocument(reply.answer.receipt, "micropay-receipt");
  const receipt = document.payload;
  const at = Date.parse(receipt.at);
  demand(document.chain?.length === 1 && !Number.isNaN(at), "a receipt's form");
  verifyDocument(document, verifyChain(document.chain, { ca, role: "server", at }).publicKey);
  demand(receipt.kind === "payment", "a receipt of another kind");
  demand(at < order.exp * 1000 && order.iat * 1000 - at <= 60_000, "booked at another time");
  for (const member of ["id", "ledger", "payer", "payee", "amount", "refunds"]) {
    demand(receipt[member] === order[member], `a receipt with another ${member}`);
  }
  demand(receipt.order === sha256(order.jws), "the receipt of another order");
  order.receipt = receipt;
  return { code: reply.code, text: reply.text, receipt };
}

/** Hashes from the first entry on; the own entry has to be at its place. */
async function followChain() {
  const { answer: { head, digests, last } } = await server.ask("chain", { after: 0 });
  demand(head === ledger && digests.length === last, "a chain from its beginning to its end");
  const { id, payer, payee, amount, memo, jws, receipt } = order;
  const contents = [
    "micropay-entry-1",
    receipt.entry,
    id,
    "payment",
    payer,
    payee,
    amount,
    memo,
    jws,
    receipt.at,
  ];
  const own = createHash("sha256").update(JSON.stringify(contents)).digest("base64url");
  demand(digests[receipt.entry - 1] === own, "the own entry");
  const upTo = digests.slice(0, receipt.entry).reduce(
    (before, digest) =>
      sha256(Buffer.concat([Buffer.from(before, "hex"), Buffer.from(digest, "base64url")])),
    head,
  );
  demand(upTo === receipt.head, "the head of the receipt");
  return { last, head: upTo };
}
