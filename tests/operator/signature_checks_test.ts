import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase64, encodeBase64Url } from "../../src/base64.ts";
import { SignatureChecks } from "../../src/operator/signature_checks.ts";
import type { SignedText } from "../../src/operator/signature_batch.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";

const { signingKey } = SigningKey.generate();
const key = encodeBase64(signingKey.publicKey.info);
const signed = await Promise.all(Array.from({ length: 43 }, (_, index) => sign(`e30.${index}`)));

function sign(text: string): SignedText {
  const signature = signingKey.sign(new TextEncoder().encode(text));
  return { jws: `${text}.${encodeBase64Url(signature)}`, key };
}

/** The same signature under another text. */
function forge({ jws, key }: SignedText): SignedText {
  return { jws: jws.replace("e30.", "e31."), key };
}

// 43 entries of some 155 bytes, in batches of 4: the thread has ten of them, which is more than may wait, and three are left over.
const cases: readonly { name: string; forged: readonly number[]; found: number | undefined }[] = [
  { name: "none", forged: [], found: undefined },
  { name: "the very first", forged: [1], found: 1 },
  { name: "the last of a batch", forged: [8], found: 8 },
  { name: "the last of all", forged: [43], found: 43 },
  { name: "several, in one batch", forged: [6, 7], found: 6 },
  { name: "several, in the thread and left over", forged: [39, 42], found: 39 },
  { name: "several, in different batches", forged: [30, 13, 22], found: 13 },
];

for (const { name, forged, found } of cases) {
  Deno.test(`of forged signatures the first is found, on whichever thread: ${name}`, async () => {
    using checks = new SignatureChecks({ batchBytes: 640 });
    for (const [index, text] of signed.entries()) {
      const number = index + 1;
      await checks.add(number, forged.includes(number) ? forge(text) : text);
    }
    assertEquals(await checks.settle(), found);
    assertEquals(checks.forged, found);
  });
}

Deno.test("a signature is not good under another key", async () => {
  using checks = new SignatureChecks({ batchBytes: 200 });
  const other = encodeBase64(SigningKey.generate().signingKey.publicKey.info);
  await checks.add(1, signed[0]!);
  await checks.add(2, { ...signed[1]!, key: other });
  assertEquals(await checks.settle(), 2);
});

Deno.test("a text that no batch has room for is refused, and not passed over", async () => {
  using checks = new SignatureChecks({ batchBytes: 100 });
  await assertRejects(() => checks.add(1, signed[0]!), RangeError);
});
