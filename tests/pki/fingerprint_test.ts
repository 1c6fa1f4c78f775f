/**
 * Fingerprints in the forms that people copy.
 */
import { assertEquals } from "@std/assert";
import { parseFingerprint } from "../../src/pki/fingerprint.ts";

Deno.test("a fingerprint is read in the forms that people and openssl write", () => {
  const lower = "0123456789abcdef".repeat(4);
  const colons = lower.toUpperCase().match(/../g)!.join(":");
  for (const text of [lower, lower.toUpperCase(), colons, colons.toLowerCase()]) {
    assertEquals(parseFingerprint(text), lower);
  }
  const others = [
    "",
    lower.slice(1),
    `${lower}0`,
    lower.replace("0", "g"),
    ` ${lower}`,
    `${lower}\n`,
  ];
  for (const text of [...others, `${colons}:`, colons.replace(":", ""), `sha256:${lower}`]) {
    assertEquals(parseFingerprint(text), undefined, text);
  }
});
