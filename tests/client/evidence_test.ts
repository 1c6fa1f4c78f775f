/**
 * Evidence against a server shows what the server signed, and a member cannot make it up.
 */
import { assertMatch, assertThrows } from "@std/assert";
import { verifyEvidence } from "../../src/client/evidence.ts";
import { anchor, proving, refused } from "./evidence_samples.ts";

for (const { title, evidence, says } of proving) {
  Deno.test(`evidence: ${title}: the server's signatures prove it`, () => {
    assertMatch(verifyEvidence(JSON.stringify(evidence), { anchor }), says);
  });
}

for (const { title, evidence, says } of refused) {
  Deno.test(`evidence: ${title}: proves nothing`, () => {
    assertRefused(() => verifyEvidence(JSON.stringify(evidence), { anchor }), says);
  });
}

Deno.test("evidence: a text that is not JSON proves nothing", () => {
  assertRefused(() => verifyEvidence("no", { anchor }), /it is not a JSON object/);
});

function assertRefused(action: () => unknown, says: RegExp): void {
  assertMatch(assertThrows(action, Error).message, says);
}
