/**
 * The form of documents, as far as no line on the wire shows it.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { EnvelopeError } from "../../src/errors.ts";
import { readDocument } from "../../src/pki/signed_document.ts";

const signature = "A".repeat(86);

const rows: readonly (readonly [title: string, jws: string, isFormed: boolean])[] = [
  ["a header of 40,000 characters", `${"A".repeat(40_000)}.A.${signature}`, true],
  ["a header of 40,001 characters", `${"A".repeat(40_001)}.A.${signature}`, false],
  ["a signature of 85 characters", `A.A.${signature.slice(1)}`, false],
  ["a signature of 87 characters", `A.A.${signature}A`, false],
  ["a line's length", `A.${"A".repeat(65_536 - 89)}.${signature}`, true],
  ["one character more than a line", `A.${"A".repeat(65_536 - 88)}.${signature}`, false],
];

for (const [title, jws, isFormed] of rows) {
  Deno.test(`document 3: ${title} is ${isFormed ? "of the form" : "refused by its form"}`, () => {
    const read = () => readDocument(jws, { typ: "micropay-order", chain: "single" });
    const { message } = assertThrows(read, EnvelopeError);
    // What is of the form is refused all the same, because of what is in it.
    assertEquals(message.includes("not a compact JWS"), !isFormed, message);
  });
}
