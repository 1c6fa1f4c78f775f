import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { CertificateError } from "../../src/errors.ts";
import { systemRandom as random } from "../../src/random.ts";
import { authorityDays, CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { verifyChain } from "../../src/pki/certificate_profile.ts";
import { leafCodec } from "../../src/pki/x509/certificate.ts";
import { readStructure } from "../../src/pki/x509/signed_structure.ts";
import { openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { atMs, dayMs } from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";
import { clockAt } from "./test_time.ts";

const { authority, privateKeyPem: caKeyPem } = CertificateAuthority.create({
  clock: clockAt(),
  random,
});
const { anchor } = authority;
const { signingKey: { publicKey }, pem: keysPem } = SigningKey.generate();
const name = "alice" as AccountName;
const hosts = ["localhost", "127.0.0.1", "::1", "Pay.example.org", "localhost"];

const datesOf = (der: Uint8Array<ArrayBuffer>) => readStructure(der, leafCodec).contents;

Deno.test("a CA lasts ten years and opens from its two files", async () => {
  assertEquals(anchor.notAfterMs, atMs + authorityDays * dayMs);
  const opened = CertificateAuthority.open({ caPem: anchor.pem, caKeyPem, atMs });
  assertEquals(opened.anchor.fingerprint, anchor.fingerprint);
  const member = await opened.issueMember({ name, publicKey, atMs, random });
  verifyChain([member], { anchor, role: "member", atMs });
});

Deno.test("two CAs differ in name and fingerprint", () => {
  const { authority: other } = CertificateAuthority.create({ clock: clockAt(), random });
  assertNotEquals(other.anchor.fingerprint, anchor.fingerprint);
  assertNotEquals(other.anchor.name, anchor.name);
});

Deno.test("a CA does not open with another key or after its end", () => {
  const foreign = keysPem;
  const rows: [string, number, RegExp][] = [
    [foreign, atMs, /not the certificate's/],
    [caKeyPem, atMs + authorityDays * dayMs + 1, /expired/],
    [anchor.pem, atMs, /PRIVATE KEY/],
  ];
  for (const [key, at, why] of rows) {
    const error = assertThrows(
      () => CertificateAuthority.open({ caPem: anchor.pem, caKeyPem: key, atMs: at }),
      CertificateError,
    );
    assertMatch(error.message, why);
  }
});

Deno.test("a member's certificate lasts as long as the CA, and a server's as many days as asked", () => {
  const member = authority.issueMember({ name, publicKey, atMs, random });
  assertEquals(datesOf(member).notAfterMs, anchor.notAfterMs);
  for (const [days, notAfterMs] of [[7, atMs + 7 * dayMs], [99_999, anchor.notAfterMs]] as const) {
    const server = authority.issueServer({ publicKey, hosts, days, atMs, random });
    assertEquals(datesOf(server).notAfterMs, notAfterMs);
  }
});

Deno.test("a certificate starts earlier for slow clocks, but never before its CA", () => {
  const later = atMs + 30 * dayMs;
  for (const at of [atMs, later]) {
    const der = authority.issueMember({ name, publicKey, atMs: at, random });
    const { notBeforeMs } = datesOf(der);
    assert(notBeforeMs < at && notBeforeMs >= anchor.notBeforeMs);
  }
});

Deno.test("serial numbers are positive and have 16 bytes for any random bytes", () => {
  for (const value of [0x00, 0x7f, 0x80, 0xff]) {
    const fixed = { bytes: (length: number) => new Uint8Array(length).fill(value) };
    const der = authority.issueMember({ name, publicKey, atMs, random: fixed });
    // The tags and lengths of both sequences and the version precede it.
    assertEquals([...der.subarray(13, 15)], [0x02, 16]);
    assert(der[15]! >= 0x40 && der[15]! < 0x80);
  }
});

Deno.test("the CA issues nothing that the profile refuses", async (test) => {
  const issue = { publicKey, hosts, days: 1, atMs, random };
  const rows: [string, Partial<typeof issue>, RegExp][] = [
    ["for no days", { days: 0 }, /0 days, expected/],
    ["for half a day", { days: 0.5 }, /0.5 days/],
    ["for an invalid host", { hosts: ["a b"] }, /a b is not a host/],
    [
      "for more hosts than the size limit allows",
      { hosts: Array.from({ length: 500 }, (_, i) => `host-${i}.example.org`) },
      /more than 4096/,
    ],
    ["after the CA's end", { atMs: anchor.notAfterMs + 1000 }, /expired|valid only/],
  ];
  for (const [title, changes, why] of rows) {
    await test.step(title, () => {
      const error = assertThrows(
        () => authority.issueServer({ ...issue, ...changes }),
        CertificateError,
      );
      assertMatch(error.message, why);
    });
  }
});

Deno.test("an identity opens only with its own key and for its own role", () => {
  const privateKeyPem = keysPem;
  const server = authority.issueServer({ publicKey, hosts, days: 1, atMs, random });
  const member = authority.issueMember({ name, publicKey, atMs, random });
  const options = { privateKeyPem, anchor, atMs };
  const certificatePem = derToPem(server, "CERTIFICATE");
  const opened = openIdentity({ ...options, certificatePem, role: "server" });
  assertEquals(opened.chain, [server, anchor.der], "a client that has no CA yet can pin it");
  const both = certificatePem + anchor.pem;
  const again = openIdentity({ ...options, certificatePem: both, role: "server" });
  assertEquals(again.chain, opened.chain);
  const memberPem = derToPem(member, "CERTIFICATE");
  const bothOfMember = memberPem + anchor.pem;
  const alice = openIdentity({ ...options, certificatePem: bothOfMember, role: "member" });
  assertEquals(alice.chain, [member]);
  assertEquals(alice.party, { role: "member", name });
  const other = SigningKey.generate().pem;
  const refused = [
    () =>
      openIdentity({
        ...options,
        certificatePem: memberPem,
        role: "member",
        privateKeyPem: other,
      }),
    () => openIdentity({ ...options, certificatePem: memberPem, role: "server" }),
    () => openIdentity({ ...options, certificatePem, role: "member" }),
  ];
  for (const attempt of refused) assertThrows(attempt, CertificateError);
});

testWith(
  ["openssl"],
  "openssl reads the certificates and agrees on their purposes",
  async () => {
    const server = authority.issueServer({ publicKey, hosts, days: 1, atMs, random });
    const member = authority.issueMember({ name, publicKey, atMs, random });
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/CA.pem`, anchor.pem);
      await Deno.writeTextFile(`${folder}/server.crt`, derToPem(server, "CERTIFICATE"));
      await Deno.writeTextFile(`${folder}/alice.crt`, derToPem(member, "CERTIFICATE"));
      // The date of the tests, not today's.
      const common = ["verify", "-x509_strict", "-attime", `${atMs / 1000}`];
      const check = (purpose: string, file: string) =>
        openssl(...common, "-purpose", purpose, "-CAfile", `${folder}/CA.pem`, `${folder}/${file}`);
      const rows: [string, string, boolean][] = [
        ["sslserver", "server.crt", true],
        ["sslclient", "server.crt", false],
        ["sslclient", "alice.crt", true],
        ["sslserver", "alice.crt", false],
      ];
      for (const [purpose, file, expected] of rows) {
        const { success, text } = await check(purpose, file);
        assertEquals(success, expected, text);
        assertMatch(text, expected ? /OK/ : /unsuitable certificate purpose|unsupported/);
      }
      const { text } = await openssl("x509", "-text", "-noout", "-in", `${folder}/server.crt`);
      const names = "URI:micropay:server, DNS:localhost, IP Address:127.0.0.1, " +
        "IP Address:0:0:0:0:0:0:0:1, DNS:pay.example.org\n";
      assert(text.includes(names), text);
      assertMatch(text, /Basic Constraints: critical\s+CA:FALSE/);
    });
  },
);
