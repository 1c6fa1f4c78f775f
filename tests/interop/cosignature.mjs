/**
 * Checks a cosigned checkpoint in plain Node, written from docs/protocol.md alone.
 *
 *     node cosignature.mjs VERIFIER_KEY CHECKPOINT.txt
 *
 * Prints the witness's name and the time of its cosignature, or what is wrong and exits with 1.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

function timeOfCosignature(verifierKey, checkpoint) {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey);
  const key = Buffer.from(encoded, "base64");
  const hash = createHash("sha256").update(`${name}\n`).update(key).digest("hex");
  demand(key.length === 33 && key[0] === 4 && hash.startsWith(id), "the verifier key");
  const body = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
  const lines = checkpoint.slice(body.length + 1).trimEnd().split("\n");
  const line = lines.find((one) => one.startsWith(`— ${name} `));
  demand(line, "there is no line of the witness");
  const bytes = Buffer.from(line.split(" ")[2], "base64");
  demand(bytes.length === 76 && bytes.toString("hex").startsWith(id), "the line of the witness");
  const time = bytes.readBigUInt64BE(4);
  const info = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.subarray(1)]);
  const publicKey = createPublicKey({ key: info, format: "der", type: "spki" });
  const signed = Buffer.from(`cosignature/v1\ntime ${time}\n${body}`);
  demand(verify(null, signed, publicKey, bytes.subarray(12)), "the signature");
  return `${name} ${time}`;
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

try {
  console.log(timeOfCosignature(process.argv[2], readFileSync(process.argv[3], "utf8")));
} catch (error) {
  console.log(`wrong: ${error.message}`);
  process.exitCode = 1;
}
