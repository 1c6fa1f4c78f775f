/**
 * Checks that the examples of `docs/protocol.md` are golden vectors, and that its limits are the
 * program's.
 */
import { assert, assertEquals } from "@std/assert";
import * as limits from "../../src/limits.ts";

const source = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));
/** The document without the padding of its tables. */
const text = source.replace(/ {2,}/g, " ");
const vectors = await vectorTexts();

/** All values of the files, including those inside documents. */
async function vectorTexts(): Promise<string> {
  const found: string[] = [];
  for (
    const name of ["documents", "messages", "ledger", "identities", "session_keys", "join_lines"]
  ) {
    const path = new URL(`../vectors/${name}.json`, import.meta.url);
    JSON.parse(await Deno.readTextFile(path), (_, value) => {
      if (typeof value === "string") {
        found.push(value, ...value.split(".").map(decoded));
      }
      return value;
    });
  }
  return found.join("\n");
}

function decoded(part: string): string {
  try {
    return atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

const blocks = [...source.matchAll(/^```\n([^`]*)^```$/gm)].flatMap(([, block]) =>
  block!.trim().split("\n")
).filter((line) => !line.startsWith('["micropay-entry-3", '));

for (const line of blocks) {
  Deno.test(`docs/protocol.md: ${line.slice(0, 60)} is from the vectors`, () => {
    for (const piece of line.split("…")) {
      // The document shows an announced session key. The vectors have it with its private half.
      const pieces = line.startsWith('{"kty"') ? piece.match(/[\w-]{20,}/g) ?? [] : [piece];
      for (const one of pieces) assert(vectors.includes(one), one);
    }
  });
}

Deno.test("docs/protocol.md has examples", () => assert(blocks.length > 20));

const stated: readonly (readonly [text: string, value: number])[] = [
  ["A line is 0 to 65,536 bytes", limits.lineBytesMax],
  ["| a line | 65,536 bytes |", limits.lineBytesMax],
  ["should take at most 32,768 bytes", limits.bodyBytesMax],
  [
    "| rows of a page | 200, and 32,768 bytes of body; 25 proofs; 50 certificates |",
    limits.pageRowsMax,
  ],
  ["array of 1 to 50 x5t#S256", limits.certificatesAskedMax],
  ["at most 5 checkpoints", limits.proofCheckpointsMax],
  ["and of at most 20 receipts", limits.proofReceiptsMax],
  ["each of at most 4,096 bytes of DER", limits.certificateBytesMax],
  ["at most 2 certificates", limits.chainCertificatesMax],
  ["| an order or a receipt | 12,288 characters |", limits.orderBytesMax],
  ["serves 16 connections at a time", limits.peerConnectionsMax],
  ["and 64 of them waiting", limits.sendQueueMessagesMax],
  ["to its newline | 30 seconds", limits.lineTimeoutMs / 1000],
  ["| a message to a side that does not read | 10 seconds", limits.writeTimeoutMs / 1000],
  ["at the server 1 minute, at a payee", limits.firstMessageTimeoutMs / 60_000],
  ["at a payee 10 seconds, then closed", limits.peerTimeoutMs / 1000],
  ["at most 2 hours ahead", limits.clockDifferenceMsMax / 3_600_000],
  [
    "an order's lifetime; how far ahead it may be made | 24 hours; 1 minute",
    limits.orderLifetimeMsMax / 3_600_000,
  ],
  ["ahead it may be made | 24 hours; 1 minute", limits.orderFutureMsMax / 60_000],
];

for (const [phrase, value] of stated) {
  Deno.test(`docs/protocol.md: "${phrase.slice(0, 60)}" is the program's limit`, () => {
    assert(text.includes(phrase), phrase);
    assert(phrase.replaceAll(",", "").split(/\D+/).map(Number).includes(value), `${value}`);
  });
}

Deno.test("docs/protocol.md: a greeting lasts an hour, and an order two minutes", () => {
  assertEquals(limits.greetingLifetimeMs, 3_600_000);
  assertEquals(limits.orderLifetimeMs, 120_000);
  assert(text.includes("an hour later") && text.includes("Two minutes are usual"));
});
