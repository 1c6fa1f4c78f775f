/**
 * Checkpoints: signed notes that say how long the log is and which root it has, by the server
 * alone.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { EnvelopeError } from "../../src/errors.ts";
import { checkpointCharactersMax } from "../../src/limits.ts";
import { readTrustAnchorOfAnyDate } from "../../src/pki/trust_anchor.ts";
import { signCheckpoint, verifyCheckpoint } from "../../src/protocol/checkpoint.ts";
import { otherCa } from "../envelope/hostile_parties.ts";
import { alice, anchor, atMs, server } from "../envelope/vector_parties.ts";

const state = { size: 20852163, head: "0a".repeat(32), at: atMs / 1000 };
const signed = signCheckpoint(state, { identity: server, anchor });
const { text } = signed;
const trust = { anchor, publicKey: server.signingKey.publicKey };
const origin = `micropay:ledger:${anchor.fingerprint}`;

Deno.test("a checkpoint says the log's name, its size, its root and the time", () => {
  const root = Buffer.from(state.head, "hex").toString("base64");
  assertEquals(text.split("\n").slice(0, 5), [
    origin,
    "20852163",
    root,
    `time ${atMs / 1000}`,
    "",
  ]);
  assertEquals(verifyCheckpoint(text, trust), signed);
});

Deno.test("node:crypto alone verifies a checkpoint as a signed note", () => {
  const [body, signatures = ""] = text.split("\n\n");
  const [dash, name, encoded = ""] = signatures.trimEnd().split(" ");
  const signature = Buffer.from(encoded, "base64");
  const info = Buffer.from(server.signingKey.publicKey.info);
  const key = createPublicKey({ key: info, format: "der", type: "spki" });
  const named = Buffer.concat([Buffer.from(`${origin}\n\x01`), info.subarray(-32)]);
  const keyId = createHash("sha256").update(named).digest().subarray(0, 4);
  assertEquals([dash, name], ["—", origin]);
  assertEquals(signature.subarray(0, 4), keyId);
  assertEquals(verify(null, Buffer.from(`${body}\n`), key, signature.subarray(4)), true);
});

Deno.test("every state can be signed, and verifies as what it was", () => {
  const states = fc.record({
    size: fc.maxSafeNat().filter((size) => size > 0),
    head: fc.uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex")),
    at: fc.integer({ min: 0, max: 2 ** 32 }),
  });
  fc.assert(fc.property(states, (state) => {
    const one = signCheckpoint(state, { identity: server, anchor });
    assertEquals(verifyCheckpoint(one.text, trust), { ...state, text: one.text });
  }));
});

Deno.test("a checkpoint without rows has the root of an empty tree, and one with another is refused", () => {
  const sign = (head: string) =>
    signCheckpoint({ size: 0, head, at: 1 }, { identity: server, anchor }).text;
  const head = createHash("sha256").digest("hex");
  assertEquals(verifyCheckpoint(sign(head), trust).head, head);
  const error = "its root is not that of a tree without rows";
  assertThrows(() => verifyCheckpoint(sign(state.head), trust), EnvelopeError, error);
});

Deno.test("a checkpoint with one changed bit does not verify", () => {
  const bytes = Buffer.from(text);
  fc.assert(fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assertThrows(() => verifyCheckpoint(changed.toString("latin1"), trust), EnvelopeError);
    assertThrows(() => verifyCheckpoint(changed.toString(), trust), EnvelopeError);
  }));
});

Deno.test("the signatures of witnesses are passed over, before the server's and after it", () => {
  const [body, signature] = text.split("\n\n");
  const witness = `— witness.example/w1 ${Buffer.alloc(76).toString("base64")}`;
  const samePlace = `— ${origin} ${Buffer.alloc(68).toString("base64")}`;
  for (const lines of [`${witness}\n${samePlace}\n${signature}`, `${signature}${witness}\n`]) {
    const cosigned = `${body}\n\n${lines}`;
    assertEquals(verifyCheckpoint(cosigned, trust), { ...signed, text: cosigned });
  }
});

const otherAnchor = readTrustAnchorOfAnyDate(otherCa.der);

const wrong: readonly (readonly [title: string, text: string, reason: string])[] = [
  ["of nothing", "", "it is not a signed note of one"],
  ["without a signature", text.split("—")[0]!, "it is not a signed note of one"],
  ["without a time", text.replace(/time \d+\n/, ""), "it is not a signed note of one"],
  ["with another line", text.replace("\n\n", "\nmore\n\n"), "it is not a signed note of one"],
  ["with a size of another spelling", text.replace("\n2", "\n02"), "020852163 is not a size"],
  ["with a size past 2^53", text.replace("20852163", "9007199254740992"), "is not a size"],
  ["with a short root", text.replace("CgoK", ""), "is not a root"],
  ["that is too long", text + `— a b\n`.repeat(checkpointCharactersMax / 6), "not a signed note"],
  ["by a member", signCheckpoint(state, { identity: alice, anchor }).text, "did not sign it"],
  [
    "of another log",
    signCheckpoint(state, { identity: server, anchor: otherAnchor }).text,
    "it is of the log",
  ],
];

for (const [title, wrongText, reason] of wrong) {
  Deno.test(`a checkpoint ${title} is refused`, () => {
    assertThrows(() => verifyCheckpoint(wrongText, trust), EnvelopeError, reason);
  });
}
