import { testWith } from "../installed_tool.ts";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { parseFingerprint } from "../../src/pki/fingerprint.ts";
import {
  readTrustAnchor,
  readTrustAnchorOfAnyDate,
  readTrustAnchorPem,
} from "../../src/pki/trust_anchor.ts";
import { atMs, type AuthorityParts, dayMs, makeParty, makeRoot } from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";

const root = makeParty();
const other = makeParty();

testWith(
  ["openssl"],
  "a CA's certificate is read, from DER and from PEM, and openssl sees the same fingerprint",
  async () => {
    const der = makeRoot(root);
    const anchor = readTrustAnchor(der, { atMs });
    assertEquals(anchor.der, der);
    assertEquals((readTrustAnchorPem(anchor.pem, { atMs })).fingerprint, anchor.fingerprint);
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/CA.pem`, anchor.pem);
      const args = ["x509", "-in", `${folder}/CA.pem`, "-noout", "-fingerprint", "-sha256"];
      const { text } = await openssl(...args);
      assertEquals(parseFingerprint(text.trim().split("=")[1]!), anchor.fingerprint);
    });
  },
);

Deno.test("a CA certificate is refused when", async (test) => {
  const rows: [string, AuthorityParts, RegExp][] = [
    ["it is signed by another key", { signWith: other.keys }, /self-signed/],
    ["it has another name than a CA of ours", { name: "micropay CA" }, /not the name of a CA/],
    ["it has expired", { notAfterMs: atMs - dayMs }, /expired/],
    ["it is not valid yet", { notBeforeMs: atMs + dayMs }, /valid only from/],
  ];
  for (const [title, parts, why] of rows) {
    await test.step(title, () => {
      const der = makeRoot(root, parts);
      const error = assertThrows(() => readTrustAnchor(der, { atMs }), CertificateError);
      assertMatch(error.message, why);
    });
  }
});

Deno.test("an expired CA certificate is readable for old signatures", () => {
  const der = makeRoot(root, { notAfterMs: atMs - dayMs });
  assertEquals((readTrustAnchorOfAnyDate(der)).notAfterMs, atMs - dayMs);
});
