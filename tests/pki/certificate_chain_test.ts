import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { certificateBytesMax } from "../../src/limits.ts";
import { type Host, parseHost } from "../../src/pki/host.ts";
import { partyUri, type Role } from "../../src/pki/party.ts";
import { sha256Hex } from "../../src/pki/signing_key.ts";
import { atMs, dayMs, type Der, TestAuthority } from "./certificate_maker.ts";

const authority = TestAuthority.make();
const { anchor } = authority;

Deno.test("a chain is accepted", async (test) => {
  const member = authority.member();
  const server = authority.server();
  const rows: [string, Der[], Role, string][] = [
    ["without the root", [member], "member", "micropay:account:alice"],
    ["with the root at its end", [member, anchor.der], "member", "micropay:account:alice"],
    ["of a server", [server, anchor.der], "server", "micropay:server"],
  ];
  for (const [title, chain, role, party] of rows) {
    await test.step(title, () => {
      assertEquals(partyUri(authority.verify(chain, role).party), party);
    });
  }
});

Deno.test("a verified certificate has its fingerprint and dates", () => {
  const member = authority.member();
  const verified = authority.verify([member]);
  assertEquals(verified.der, member);
  assertEquals(verified.fingerprint, sha256Hex(member));
  assertEquals(verified.publicKey.fingerprint, authority.leaf.keys.publicKey.fingerprint);
  assertEquals(verified.notBeforeMs, atMs - dayMs);
  assertEquals(verified.notAfterMs, atMs + dayMs);
});

Deno.test("a certificate is valid from its first to its last second, both included", () => {
  const member = authority.member();
  authority.verify([member], "member", atMs - dayMs);
  authority.verify([member], "member", atMs + dayMs);
  for (const at of [atMs - dayMs - 1, atMs + dayMs + 1, NaN]) {
    assertThrows(() => authority.verify([member], "member", at), CertificateError);
  }
});

Deno.test("changing the bytes later does not change the verified certificate", () => {
  const given = authority.member();
  const verified = authority.verify([given]);
  given.fill(0);
  assertEquals(sha256Hex(verified.der), verified.fingerprint);
});

Deno.test("a chain is refused when", async (test) => {
  const other = TestAuthority.make();
  const member = authority.member();
  const server = authority.server();
  const selfSigned = authority.member({
    issuer: "alice",
    signWith: authority.leaf.keys,
  });
  const oversized = authority.server({ hosts: manyHosts() });
  const issuedByLeaf = authority.member({
    issuer: "alice",
    signWith: authority.leaf.keys,
  });
  const rows: [string, Der[], Role, RegExp][] = [
    ["it is empty", [], "member", /empty/],
    ["a member's certificate comes as a server's", [member], "server", /it is a member's/],
    ["a server's certificate comes as a member's", [server], "member", /it is a server's/],
    ["the leaf is self-signed", [selfSigned], "member", /issued by alice/],
    ["another CA of the same name issued it", [await other.member()], "member", /another CA/],
    [
      "another CA of the same name claims our key identifier",
      [authority.member({ signWith: other.root.keys })],
      "member",
      /not signed by the CA/,
    ],
    [
      "it ends in that other CA",
      [await other.member(), other.anchor.der],
      "member",
      /does not end in the CA/,
    ],
    ["another CA follows a good leaf", [member, other.anchor.der], "member", /not end in/],
    ["the leaf is the CA itself", [anchor.der], "member", /a CA's/],
    ["it is only the CA, twice", [anchor.der, anchor.der], "member", /a CA's/],
    ["the root comes first", [anchor.der, member], "member", /does not end in the CA/],
    ["the leaf is there twice", [member, member], "member", /does not end in the CA/],
    ["the root is there twice", [member, anchor.der, anchor.der], "member", /3 certificates/],
    ["it has an intermediate certificate", [issuedByLeaf, member, anchor.der], "member", /3 cert/],
    ["the leaf issues another leaf", [issuedByLeaf, member], "member", /does not end in the CA/],
    ["a certificate is too large", [oversized], "server", /bytes, more than 4096/],
  ];
  for (const [title, chain, role, why] of rows) {
    await test.step(title, () => {
      assertMatch(authority.refusal(chain, role).message, why);
    });
  }
});

Deno.test("a chain is refused once its CA has expired", () => {
  const member = authority.member({ notAfterMs: anchor.notAfterMs });
  const error = assertThrows(
    () => authority.verify([member], "member", anchor.notAfterMs + 1),
    CertificateError,
  );
  assertMatch(error.message, /expired on/);
});

/** More hosts than fit into {@link certificateBytesMax}. */
function manyHosts(): Host[] {
  return Array.from(
    { length: certificateBytesMax / 16 },
    (_, index) => parseHost(`host-${index}.example.org`)!,
  );
}
