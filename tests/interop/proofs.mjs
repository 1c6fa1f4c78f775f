/**
 * Orders, receipts and leaves, written from docs/protocol.md alone.
 */
import { randomBytes, X509Certificate } from "node:crypto";
import { leafHash } from "./tree.mjs";
import {
  demand,
  readDocument,
  sha256,
  signDocument,
  verifyChain,
  verifyDocument,
} from "./wire.mjs";

const documentLengthMax = 12_288;
const name = /^[a-z0-9][a-z0-9._-]{0,31}$/;
const id = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const digest = /^[0-9a-f]{64}$/;
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isParty = (value) => value === "@issuer" || name.test(value);
const isInstant = (value) => new Date(value).toISOString() === value;

const orderMembers = {
  id: (value) => id.test(value),
  ledger: (value) => digest.test(value),
  payer: isParty,
  payee: isParty,
  amount: (value) => isCount(value) && value > 0,
  memo: (value) => value === undefined || /^[^\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}]{1,256}$/u.test(value),
  refunds: (value) => value === undefined || id.test(value),
  iat: isCount,
  exp: isCount,
};

const receiptMembers = {
  ledger: orderMembers.ledger,
  entry: orderMembers.amount,
  id: orderMembers.id,
  kind: (value) => typeof value === "string",
  refunds: orderMembers.refunds,
  order: orderMembers.ledger,
  payer: isParty,
  payee: isParty,
  amount: orderMembers.amount,
  at: isInstant,
  leaf: orderMembers.ledger,
  head: orderMembers.ledger,
};

function checkMembers(payload, members) {
  for (const member of Object.keys(payload)) demand(member in members, `a member ${member}`);
  for (const [member, holds] of Object.entries(members)) demand(holds(payload[member]), member);
}

/** A UUIDv7. */
function makeId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return uuidOf(bytes);
}

function uuidOf(bytes) {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** An order of this member, good for two minutes. `time`: by the server's clock, in milliseconds. */
export function makeOrder(me, { ledger, payer, payee, amount, memo, refunds, time }) {
  const iat = Math.floor(time / 1000);
  const terms = { id: makeId(), ledger, payer, payee, amount, memo, refunds, iat, exp: iat + 120 };
  return { ...terms, jws: signDocument("micropay-order", terms, me) };
}

/** The header and the payload of a document, before the signature. */
function signedTextOf(typ, members, certificate) {
  const x5c = [certificate.toString("base64")];
  return [{ alg: "EdDSA", typ, x5c }, members]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

/** `x5t#S256` of a certificate in DER. */
function referenceTo(certificate) {
  return Buffer.from(sha256(certificate), "hex").toString("base64url");
}

/** An order for a receiver that has its certificate. A text without a header stays as it is. */
export function packOrder(jws) {
  if (!jws.startsWith("eyJ")) return jws;
  const [header, payload, signature] = jws.split(".");
  const { x5c: [certificate] } = JSON.parse(Buffer.from(header, "base64url"));
  return [referenceTo(Buffer.from(certificate, "base64")), payload, signature].join(".");
}

/** The whole text of an order that refers to this certificate. Any other text stays as it is. */
export function wholeOrder(text, certificate) {
  const [reference, ...others] = text.split(".");
  if (reference !== referenceTo(certificate)) return text;
  const [header] = signedTextOf("micropay-order", {}, certificate).split(".");
  return [header, ...others].join(".");
}

/** The one signed text of an order of these terms. */
function orderTextOf(terms, certificate) {
  const { id, ledger, payer, payee, amount, memo, refunds, iat, exp } = terms;
  const members = { id, ledger, payer, payee, amount, memo, refunds, iat, exp };
  return signedTextOf("micropay-order", members, certificate);
}

const kinds = ["opening", "payment", "refund", "deposit", "withdrawal"];

/** The order and the receipt of a row of the history. Neither is verified. */
export function documentsOf(row, { ledger, signer, server }) {
  const [entry, kindIndex, payer, payee, amount, memo, iat, lifetime, delay, , text, refunds] = row;
  const bytes = Buffer.from(text, "base64url");
  demand(bytes.length === 176 && bytes.toString("base64url") === text, "the bytes of a row");
  const id = uuidOf(bytes.subarray(0, 16));
  const kind = kinds[kindIndex];
  const at = new Date(iat * 1000 + delay).toISOString();
  const terms = { id, ledger, payer, payee, amount, memo: memo ?? undefined, refunds };
  const signed = orderTextOf({ ...terms, iat, exp: iat + lifetime }, signer);
  const order = `${signed}.${bytes.toString("base64url", 16, 80)}`;
  const head = bytes.toString("hex", 80, 112);
  const said = { entry, kind, at, head, signature: bytes.toString("base64url", 112) };
  return { order, receipt: receiptTextOf(said, { ...terms, jws: order }, server) };
}

/** The receipt for an order, from what a message says of it. It is not verified. */
export function receiptTextOf({ entry, kind, at, head, signature }, order, server) {
  const { ledger, id, refunds, payer, payee, amount, jws } = order;
  const leaf = leafOf(order, { entry, kind, at });
  const terms = { payer, payee, amount };
  const members = {
    ledger,
    entry,
    id,
    kind,
    refunds,
    order: sha256(jws),
    ...terms,
    at,
    leaf,
    head,
  };
  return `${signedTextOf("micropay-receipt", members, server)}.${signature}`;
}

/** Everything of an order that needs neither a clock nor the ledger. */
export function readOrder(jws, ca) {
  demand(jws.length <= documentLengthMax, "an order that is too long");
  const document = readDocument(jws, "micropay-order");
  const order = document.payload;
  checkMembers(order, orderMembers);
  demand(document.chain?.length === 1, "the certificate of an order");
  const signedText = orderTextOf(order, document.chain[0]);
  demand(jws.startsWith(`${signedText}.`), "an order that is written in another way");
  const isIssued = order.payer === "@issuer" || order.payee === "@issuer";
  const role = isIssued ? "server" : "member";
  const certificate = verifyChain(document.chain, { ca, role, time: order.iat * 1000 });
  const signer = isIssued ? "micropay:server" : `micropay:account:${order.payer}`;
  demand(certificate.uri === signer, "the certificate is not the payer's");
  verifyDocument(document, certificate.publicKey);
  demand(order.ledger === sha256(ca.raw), "an order of another ledger");
  return { ...order, jws, certificate };
}

/** The code that refuses an order at this time in milliseconds, or undefined when it is good. */
export function refusalAt({ payer, payee, iat, exp, certificate }, time) {
  if (payer === payee) return 280;
  if (exp <= iat || exp - iat > 24 * 3600) return 261;
  if (time >= exp * 1000) return 265;
  if (iat * 1000 - time > 60_000) return 261;
  if (time < certificate.from || time > certificate.to) return 261;
}

/** Returns the contents of the receipt. @throws when it does not prove that this order was booked */
export function verifyReceipt(jws, orderJws, ca) {
  demand(jws.length <= documentLengthMax, "a receipt that is too long");
  const document = readDocument(jws, "micropay-receipt");
  const receipt = document.payload;
  checkMembers(receipt, receiptMembers);
  demand(document.chain?.length === 1, "the certificate of a receipt");
  const at = Date.parse(receipt.at);
  const time = Math.max(at, Date.parse(new X509Certificate(document.chain[0]).validFrom));
  verifyDocument(document, verifyChain(document.chain, { ca, role: "server", time }).publicKey);
  demand(receipt.ledger === sha256(ca.raw), "a receipt of another ledger");
  const order = readOrder(orderJws, ca);
  for (const member of ["id", "payer", "payee", "amount", "refunds"]) {
    demand(receipt[member] === order[member], `a receipt with another ${member}`);
  }
  demand(receipt.order === sha256(orderJws), "the receipt of another order");
  demand(kindsOf(order).includes(receipt.kind), "a receipt of another kind");
  demand(refusalAt(order, at) === undefined, "an order that was not good when it was booked");
  demand(receipt.leaf === leafOf(order, receipt), "a receipt with the leaf of another entry");
  return receipt;
}

function kindsOf({ payer, payee, refunds }) {
  if (refunds !== undefined) return ["refund"];
  if (payer === "@issuer") return ["opening", "deposit"];
  return payee === "@issuer" ? ["withdrawal"] : ["payment"];
}

/** The leaf of an entry, from the order and its receipt: 64 hexadecimal digits. */
function leafOf({ id, payer, payee, amount, memo = null, refunds, jws }, { entry, kind, at }) {
  const terms = [id, kind, payer, payee, amount, memo, sha256(jws), at];
  const contents = ["micropay-entry-3", entry, ...terms];
  if (refunds !== undefined) contents.push(refunds);
  return leafHash(JSON.stringify(contents)).toString("hex");
}
