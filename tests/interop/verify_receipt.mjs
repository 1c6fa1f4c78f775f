/**
 * A receipt checked with nothing but Node, written from docs/receipts.md alone.
 *
 *     node verify_receipt.mjs CA.pem RECEIPT.json...
 *
 * Prints what each proves as one line of JSON, or what is wrong with it. Then it exits with 1.
 */
import { createHash, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

const [caFile, ...receiptFiles] = process.argv.slice(2);
const ca = new X509Certificate(readFileSync(caFile));

for (const file of receiptFiles) {
  try {
    console.log(JSON.stringify(check(JSON.parse(readFileSync(file, "utf8")))));
  } catch (error) {
    console.log(`wrong: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Returns what a receipt proves. */
function check(line) {
  demand(ca.ca && ca.checkIssued(ca) && ca.verify(ca.publicKey), "the CA's certificate");
  const { receipt: receiptJws, order: orderJws } = line;

  const receipt = open(receiptJws, "micropay-receipt", ca);
  const { entry, id, kind, payer, payee, amount, at } = receipt.payload;
  checkServer(receipt.certificate);
  const time = Date.parse(at);
  demand(time >= Date.parse(ca.validFrom) && time <= Date.parse(ca.validTo), "the CA's dates");
  demand(time <= Date.parse(receipt.certificate.validTo), "the server's certificate had ended");

  const order = open(orderJws, "micropay-order", ca);
  const { certificate } = order;
  demand(orderJws.startsWith(`${signedText(order)}.`), "the order is written in another way");
  const { iat, exp } = order.payload;
  demand(payer !== payee, "payer and payee are the same");
  demand(exp > iat && exp - iat <= 24 * 3600, "the order's lifetime");
  for (const moment of [iat * 1000, time]) {
    demand(
      moment >= Date.parse(certificate.validFrom) && moment <= Date.parse(certificate.validTo),
      "the order's certificate had not begun, or had ended",
    );
  }
  demand(time < exp * 1000 && iat * 1000 - time <= 60_000, "booked before or after its time");
  if (payer === "@issuer" || payee === "@issuer") checkServer(certificate);
  else checkMember(certificate, payer);

  demand(receipt.payload.order === sha256(orderJws), "the receipt is for another order");
  for (const member of ["id", "payer", "payee", "amount", "refunds"]) {
    demand(receipt.payload[member] === order.payload[member], `${member} differs`);
  }
  demand(kind === kindOf(order.payload) || isDeposit(receipt.payload), "the kind");
  const { memo = null, refunds } = order.payload;
  const terms = [id, kind, payer, payee, amount, memo, receipt.payload.order, at];
  const contents = ["micropay-entry-3", entry, ...terms];
  if (refunds !== undefined) contents.push(refunds);
  const leaf = sha256(`\0${JSON.stringify(contents)}`);
  demand(receipt.payload.leaf === leaf, "the leaf is of another entry");
  const said = { entry, id, kind, payer, payee, amount, memo: order.payload.memo, at };
  const proofMembers = [line.checkpoint, line.proof, line.serverCertificate];
  const hasProof = proofMembers.some((member) => member !== undefined);
  demand(!hasProof || proofMembers.every((member) => member !== undefined), "half a proof");
  return { ...said, ...(hasProof && checkProof(receipt.payload, line, ca)) };
}

/** Returns how many rows the ledger had that had the entry, and when, in seconds. */
function checkProof({ entry, leaf, head }, { checkpoint, proof, serverCertificate }, ca) {
  const form = /^((\S+)\n(\d+)\n(\S{44})\ntime (\d+)\n)\n((?:— \S+ \S+\n)+)$/.exec(checkpoint);
  demand(form, "the form of the checkpoint");
  const [, body, origin, rowsText, rootText, timeText, signatures] = form;
  const [rows, time] = [Number(rowsText), Number(timeText)];
  demand(String(rows) === rowsText && String(time) === timeText, "a number of the checkpoint");
  demand(Number.isSafeInteger(rows), "the checkpoint's rows");
  demand(origin === `micropay:ledger:${sha256(ca.raw)}`, "the checkpoint is of another ledger");

  const certificate = new X509Certificate(fromBase64(serverCertificate, "base64"));
  checkIssued(certificate, ca);
  checkServer(certificate);
  for (const { validFrom, validTo } of [certificate, ca]) {
    const isThen = time * 1000 >= Date.parse(validFrom) && time * 1000 <= Date.parse(validTo);
    demand(isThen, "the checkpoint's certificate had not begun, or had ended");
  }
  const key = certificate.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const keyId = sha256(Buffer.concat([Buffer.from(`${origin}\n\x01`), key])).slice(0, 8);
  const isSigned = signatures.trimEnd().split("\n").some((line) => {
    const [, name, encoded] = line.split(" ");
    const bytes = Buffer.from(encoded, "base64");
    return name === origin && bytes.toString("base64") === encoded &&
      bytes.toString("hex", 0, 4) === keyId &&
      verify(null, Buffer.from(body), certificate.publicKey, bytes.subarray(4));
  });
  demand(isSigned, "the checkpoint's signature");

  demand(rows >= entry, "the checkpoint is older than the entry");
  demand(Array.isArray(proof), "the proof");
  const roots = fold(Buffer.from(leaf, "hex"), { node: entry - 1, last: rows - 1, proof });
  demand(roots.root.equals(fromBase64(rootText, "base64")), "the proof leads to another root");
  demand(roots.head.toString("hex") === head, "the proof is of another ledger");
  return { rows, time };
}

function fold(leaf, { node, last, proof }) {
  let [head, root] = [leaf, leaf];
  const halve = () => [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  for (const text of proof) {
    const hash = fromBase64(text, "base64url");
    demand(hash.length === 32 && last > 0, "the proof's length");
    if (node % 2 === 1 || node === last) {
      [head, root] = [parent(hash, head), parent(hash, root)];
      while (node % 2 === 0 && node > 0) halve();
    } else {
      root = parent(root, hash);
    }
    halve();
  }
  demand(last === 0, "the proof's length");
  return { head, root };
}

function parent(left, right) {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
}

function fromBase64(text, encoding) {
  const bytes = Buffer.from(text, encoding);
  demand(bytes.toString(encoding) === text, "another spelling of base64");
  return bytes;
}

/** Steps 2, 4 and 5, and the part of step 3 that is the same for everybody's certificate. */
function open(jws, typ, ca) {
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/.exec(jws);
  demand(parts, "not a compact JWS");
  const [header, payload, signature] = parts.slice(1).map((part) => Buffer.from(part, "base64url"));
  const { alg, typ: found, x5c, ...others } = JSON.parse(header.toString());
  demand(alg === "EdDSA" && found === typ && Object.keys(others).length === 0, "the header");
  demand(Array.isArray(x5c) && x5c.length === 1, "the header's x5c");
  const certificate = new X509Certificate(Buffer.from(x5c[0], "base64"));
  checkIssued(certificate, ca);
  const text = Buffer.from(jws.slice(0, jws.lastIndexOf(".")));
  demand(verify(null, text, certificate.publicKey, signature), "the signature");
  const contents = JSON.parse(payload.toString());
  demand(contents.ledger === sha256(ca.raw), "another ledger's");
  return { payload: contents, certificate };
}

function checkIssued(certificate, ca) {
  demand(certificate.checkIssued(ca) && certificate.verify(ca.publicKey), "not the CA's");
  demand(!certificate.ca, "signed by a CA");
}

/** The one text of an order: its header and its payload, before the signature. */
function signedText({ payload, certificate }) {
  const { id, ledger, payer, payee, amount, memo, refunds, iat, exp } = payload;
  const members = { id, ledger, payer, payee, amount, memo, refunds, iat, exp };
  const x5c = [certificate.raw.toString("base64")];
  return [{ alg: "EdDSA", typ: "micropay-order", x5c }, members]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

function checkServer({ keyUsage, subjectAltName }) {
  demand(keyUsage?.join() === "1.3.6.1.5.5.7.3.1", "not a server's certificate");
  const uris = (subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  demand(uris.join() === "URI:micropay:server", "not this server's certificate");
}

function checkMember({ keyUsage, subjectAltName }, name) {
  demand(keyUsage?.join() === "1.3.6.1.5.5.7.3.2", "not a member's certificate");
  demand(subjectAltName === `URI:micropay:account:${name}`, "not the payer's certificate");
}

function kindOf({ payer, payee, refunds }) {
  if (refunds !== undefined) return "refund";
  if (payer === "@issuer") return "opening";
  return payee === "@issuer" ? "withdrawal" : "payment";
}

function isDeposit({ payer, kind }) {
  return payer === "@issuer" && kind === "deposit";
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}
