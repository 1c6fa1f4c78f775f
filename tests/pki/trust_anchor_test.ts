import { testWith } from "../installed_tool.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { parseFingerprint } from "../../src/pki/fingerprint.ts";
import { readTrustAnchor, readTrustAnchorPem } from "../../src/pki/trust_anchor.ts";
import { ExtendedKeyUsage, KeyUsageFlags } from "../../src/pki/x509.ts";
import {
  atMs,
  authorityExtensions,
  basicConstraints,
  bytes,
  type CertificateParts,
  dayMs,
  extendedKeyUsage,
  keyUsage,
  makeCertificate,
  makeParty,
  nameDer,
} from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";

const root = await makeParty();
const other = await makeParty();

function makeRoot(parts: Partial<CertificateParts> = {}) {
  return makeCertificate({
    subject: nameDer("root"),
    publicKeyInfo: root.publicKeyInfo,
    extensions: Object.values(authorityExtensions),
    signWith: root.keys.privateKey,
    ...parts,
  });
}

testWith(
  ["openssl"],
  "a CA's certificate is read, from DER and from PEM, and openssl sees the same fingerprint",
  async () => {
    const der = await makeRoot();
    const anchor = await readTrustAnchor(der, { atMs });
    assertEquals(anchor.der, der);
    assertEquals(anchor.pathLength, 1);
    assertEquals((await readTrustAnchorPem(anchor.pem, { atMs })).fingerprint, anchor.fingerprint);
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/CA.pem`, anchor.pem);
      const args = ["x509", "-in", `${folder}/CA.pem`, "-noout", "-fingerprint", "-sha256"];
      const { text } = await openssl(...args);
      assertEquals(parseFingerprint(text.trim().split("=")[1]!), anchor.fingerprint);
    });
  },
);

Deno.test("a CA's certificate is refused when", async (test) => {
  const { keyCertSign, cRLSign } = KeyUsageFlags;
  const rows: [string, Partial<CertificateParts>, RegExp][] = [
    ["it is no CA's", { extensions: [basicConstraints(false), keyUsage(keyCertSign)] }, /CA set/],
    [
      "basicConstraints are not critical",
      { extensions: [basicConstraints(true, 0, false), keyUsage(keyCertSign)] },
      /CA set/,
    ],
    ["there are no basicConstraints", { extensions: [keyUsage(keyCertSign)] }, /CA set/],
    ["there are no extensions", { extensions: [] }, /CA set/],
    ["it may not sign certificates", {
      extensions: [basicConstraints(true), keyUsage(cRLSign)],
    }, /keyCertSign/],
    ["it has a purpose", {
      extensions: [
        ...Object.values(authorityExtensions),
        extendedKeyUsage(ExtendedKeyUsage.serverAuth),
      ],
    }, /extended key usage/],
    ["it is version 1", { version: bytes() }, /version 3/],
    ["it is signed by another key", { signWith: other.keys.privateKey }, /self-signed/],
    ["it is issued under another name", { issuer: nameDer("other") }, /self-signed/],
    ["it has expired", { notAfterMs: atMs - dayMs }, /expired/],
    ["it is not valid yet", { notBeforeMs: atMs + dayMs }, /valid only from/],
  ];
  for (const [title, parts, why] of rows) {
    await test.step(title, async () => {
      const der = await makeRoot(parts);
      const error = await assertRejects(() => readTrustAnchor(der, { atMs }), CertificateError);
      assertMatch(error.message, why);
    });
  }
});
