/**
 * Checks evidence against a server with nothing but Node: the steps of docs/receipts.md, "Evidence".
 *
 *     node verify_evidence.mjs CA.pem EVIDENCE.json...
 *
 * Prints a line for each: what the server signed and did not prove, as JSON, or why it proves nothing. Then it exits with 1.
 */
import { createHash, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isConsistent, rootsOver } from "./tree.mjs";

const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const bytesOf = (text) => Buffer.from(text, "base64url");
// A hash with stray bits is none, so its proof does not hold.
const hashOf = (text) =>
  bytesOf(text).toString("base64url") === text ? bytesOf(text) : Buffer.alloc(0);

function check(evidence, ca) {
  const { ledger, question, answer, serverCertificate, checkpoints, receipts } = evidence;
  demand(ledger === sha256(ca.raw), "the evidence is of another ledger");
  const server = readServer(Buffer.from(serverCertificate, "base64"), ca);

  const { checkpoint, consistency, inclusion } = answer;
  const signed = {
    checkpoints: question.checkpoints.map(({ size, digest }) => ({ size, digest })),
    receipts: question.receipts.map(({ entry, digest }) => ({ entry, digest })),
    ...{ checkpoint, consistency, inclusion },
  };
  const text = `${json({ alg: "EdDSA", typ: "micropay-proof" })}.${json(signed)}`;
  const isSigned = verify(null, Buffer.from(text), server.publicKey, bytesOf(answer.signature));
  demand(isSigned, "the answer's signature");
  const newest = readCheckpoint(checkpoint, server, ledger);

  for (const { checkpoint, serverCertificate } of checkpoints) {
    const signer = readServer(Buffer.from(serverCertificate, "base64"), ca);
    const { size, root } = readCheckpoint(checkpoint, signer, ledger);
    const digest = sha256(checkpoint);
    const places = placesIn(
      question.checkpoints,
      (one) => one.digest === digest && one.size === size,
    );
    demand(places.length > 0, "a checkpoint that the server was not asked about");
    const later = { to: newest.size, root: newest.root };
    for (const at of places) {
      const proof = (consistency[at] ?? []).map(hashOf);
      if (!isConsistent({ from: size, head: root }, later, proof)) {
        return { signed: "checkpoint", size, shown: newest.size };
      }
    }
  }
  for (const receipt of receipts) {
    const { entry, leaf, head } = readReceipt(receipt, ca);
    const digest = sha256(receipt);
    const places = placesIn(
      question.receipts,
      (one) => one.digest === digest && one.entry === entry,
    );
    demand(places.length > 0, "a receipt that the server was not asked about");
    const included = { leaf: Buffer.from(leaf, "hex"), index: entry - 1, size: newest.size };
    for (const at of places) {
      const proof = (inclusion[at] ?? []).map(hashOf);
      const roots = rootsOver({ ...included, proof });
      if (!roots.root?.equals(newest.root) || roots.head.toString("hex") !== head) {
        return { signed: "receipt", entry, shown: newest.size };
      }
    }
  }
  throw new Error("all proofs hold");
}

/** Returns where a question names a text. It may name one text more than once. */
function placesIn(asked, isSame) {
  return asked.flatMap((one, at) => isSame(one) ? [at] : []);
}

/** Checks a signed note, and returns its size and its root. */
function readCheckpoint(checkpoint, { publicKey }, ledger) {
  const form = /^((\S+)\n(\d+)\n(\S{44})\ntime \d+\n)\n((?:— \S+ \S+\n)+)$/.exec(checkpoint);
  demand(form, "the form of a checkpoint");
  const [, body, origin, size, root, signatures] = form;
  demand(origin === `micropay:ledger:${ledger}`, "a checkpoint of another ledger");
  const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const keyId = sha256(Buffer.concat([Buffer.from(`${origin}\n\x01`), key])).slice(0, 8);
  const isSigned = signatures.trimEnd().split("\n").some((line) => {
    const [, name, encoded] = line.split(" ");
    const bytes = Buffer.from(encoded, "base64");
    return name === origin && bytes.toString("hex", 0, 4) === keyId &&
      verify(null, Buffer.from(body), publicKey, bytes.subarray(4));
  });
  demand(isSigned, "the signature of a checkpoint");
  return { size: Number(size), root: Buffer.from(root, "base64") };
}

/** Checks the server's signature of a receipt, and returns its members. */
function readReceipt(receipt, ca) {
  const [header, payload, signature] = receipt.split(".");
  const { alg, typ, x5c } = JSON.parse(bytesOf(header).toString());
  demand(alg === "EdDSA" && typ === "micropay-receipt" && x5c.length === 1, "a receipt's header");
  const { publicKey } = readServer(Buffer.from(x5c[0], "base64"), ca);
  const text = Buffer.from(`${header}.${payload}`);
  demand(verify(null, text, publicKey, bytesOf(signature)), "the signature of a receipt");
  const members = JSON.parse(bytesOf(payload).toString());
  demand(members.ledger === sha256(ca.raw), "a receipt of another ledger");
  return members;
}

function readServer(der, ca) {
  const certificate = new X509Certificate(der);
  const { keyUsage, subjectAltName } = certificate;
  demand(certificate.checkIssued(ca) && certificate.verify(ca.publicKey), "not the CA's");
  demand(!certificate.ca && keyUsage?.join() === "1.3.6.1.5.5.7.3.1", "not a server's certificate");
  const uris = (subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  demand(uris.join() === "URI:micropay:server", "not this server's certificate");
  return certificate;
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

const [caFile, ...files] = process.argv.slice(2);
const ca = new X509Certificate(readFileSync(caFile));
for (const file of files) {
  try {
    console.log(JSON.stringify(check(JSON.parse(readFileSync(file, "utf8")), ca)));
  } catch (error) {
    console.log(`wrong: ${error.message}`);
    process.exitCode = 1;
  }
}
