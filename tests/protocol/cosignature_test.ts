/**
 * Cosignatures: a witness's statement about a checkpoint, and the verifier key that checks it.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CertificateError, EnvelopeError } from "../../src/errors.ts";
import {
  checkpointCharactersMax,
  witnessesMax,
  witnessNameCharactersMax,
} from "../../src/limits.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { signCheckpoint, verifyCheckpoint } from "../../src/protocol/checkpoint.ts";
import {
  cosign,
  findCosignature,
  isWitnessName,
  readVerifierKey,
  verifierKey,
} from "../../src/protocol/cosignature.ts";
import { anchor, atMs, server } from "../envelope/vector_parties.ts";

const at = atMs / 1000;
const { text } = signCheckpoint({ size: 3, head: "0a".repeat(32), at }, {
  identity: server,
  anchor,
});

function makeWitness(name = "witness.example/w1") {
  const { signingKey } = SigningKey.generate();
  return { signingKey, key: verifierKey(name, signingKey.publicKey) };
}

const witness = makeWitness();

Deno.test("a cosignature is one more line, and the server's signature stays good", () => {
  const cosigned = cosign(text, witness, at + 5);
  assertEquals(findCosignature(cosigned, witness.key), {
    at: at + 5,
    line: cosigned.slice(text.length),
  });
  const trust = { anchor, publicKey: server.signingKey.publicKey };
  assertEquals(verifyCheckpoint(cosigned, trust).size, 3);
});

Deno.test("node:crypto alone verifies a cosignature, with the verifier key's text", () => {
  const line = cosign(text, witness, at).slice(text.length);
  const [name, id, key = ""] = witness.key.text.split(/\+(?=[0-9a-f]{8}\+)|(?<=\+[0-9a-f]{8})\+/);
  const raw = Buffer.from(key, "base64");
  const hash = createHash("sha256").update(`${name}\n`).update(raw).digest("hex");
  assertEquals([name, raw[0], hash.slice(0, 8)], ["witness.example/w1", 4, id]);
  const [dash, signer, encoded = ""] = line.trimEnd().split(" ");
  const bytes = Buffer.from(encoded, "base64");
  assertEquals([dash, signer, bytes.length], ["—", name, 76]);
  assertEquals(bytes.subarray(0, 4).toString("hex"), id);
  const info = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw.subarray(1)]);
  const publicKey = createPublicKey({ key: info, format: "der", type: "spki" });
  const body = text.slice(0, text.indexOf("\n\n") + 1);
  const signed = `cosignature/v1\ntime ${bytes.readBigUInt64BE(4)}\n${body}`;
  assert(verify(null, Buffer.from(signed), publicKey, bytes.subarray(12)));
});

Deno.test("a cosignature with one changed bit, or of another checkpoint, is none", () => {
  const cosigned = cosign(text, witness, at);
  const bytes = Buffer.from(cosigned);
  const begin = Buffer.from(text).length;
  fc.assert(fc.property(fc.nat((bytes.length - begin) * 8 - 1), (bit) => {
    const changed = Buffer.from(bytes);
    changed[begin + (bit >> 3)]! ^= 1 << (bit & 7);
    assertEquals(found(changed.toString()), undefined);
  }));
  assertEquals(found(cosigned.replace("\n3\n", "\n4\n")), undefined);
  assertEquals(findCosignature(cosigned, makeWitness().key), undefined);
});

/** Returns what is found in a text that may be no checkpoint any more. */
function found(text: string): unknown {
  try {
    return findCosignature(text, witness.key);
  } catch (error) {
    assert(error instanceof EnvelopeError);
    return undefined;
  }
}

Deno.test("a verifier key has one text, which is read back", () => {
  fc.assert(fc.property(fc.constant(0), () => {
    const { key } = makeWitness();
    assertEquals(readVerifierKey(key.text).publicKey.fingerprint, key.publicKey.fingerprint);
  }));
});

const [, keyText = ""] = /\+[0-9a-f]{8}\+(.*)$/.exec(witness.key.text)!;
const otherAlgorithm = Buffer.from(keyText, "base64").fill(1, 0, 1);
const plain = verifierKey("w", witness.signingKey.publicKey).text;
const wrong: readonly (readonly [what: string, text: string])[] = [
  ["without an id", `w+${keyText}`],
  ["with the id of another name", witness.key.text.replace("w1", "w2")],
  ["without a name", plain.slice(1)],
  ["with a blank in its name", plain.replace("w", "w x")],
  ["with a key that is cut", plain.slice(0, -4)],
  ["of another algorithm", plain.replace(keyText, otherAlgorithm.toString("base64"))],
  ["with something behind it", `${plain} `],
];

for (const [what, wrongText] of wrong) {
  Deno.test(`a verifier key ${what} is refused`, () => {
    assertThrows(() => readVerifierKey(wrongText), EnvelopeError, "read a verifier key");
  });
}

Deno.test("a verifier key of small order is refused, because anybody could sign under it", () => {
  const key = Buffer.concat([Buffer.of(4, 1), Buffer.alloc(31)]).toString("base64");
  assertThrows(() => readVerifierKey(`w+00000000+${key}`), CertificateError);
});

Deno.test("a checkpoint has room for all witnesses with the longest names", () => {
  let full = text.replace("\n3\n", `\n${Number.MAX_SAFE_INTEGER}\n`);
  for (let count = 0; count < witnessesMax; count++) {
    const name = "w".repeat(witnessNameCharactersMax);
    assert(isWitnessName(name) && !isWitnessName(`${name}w`));
    full = cosign(full, makeWitness(name), at);
  }
  assert(full.length < checkpointCharactersMax);
});
