import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { certificateBytesMax } from "../../src/limits.ts";
import { verifyChain } from "../../src/pki/certificate_profile.ts";
import { partyUri, type Role } from "../../src/pki/party.ts";
import { publicKeyFingerprint, sha256Hex } from "../../src/pki/signing_key.ts";
import { ExtendedKeyUsage, Extension, KeyUsageFlags } from "../../src/pki/x509.ts";
import {
  atMs,
  authorityExtensions,
  basicConstraints,
  type CertificateParts,
  dayMs,
  type Der,
  der,
  extendedKeyUsage,
  keyUsage,
  nameDer,
  TestAuthority,
  tlv,
} from "./certificate_maker.ts";

const authority = await TestAuthority.make();
const { anchor } = authority;
const { clientAuth } = ExtendedKeyUsage;

Deno.test("a chain is accepted", async (test) => {
  const member = await authority.member();
  const server = await authority.server();
  const middle = await authority.intermediate();
  const below = await authority.memberBelow();
  const rows: [string, Der[], Role, string][] = [
    ["with the root left out", [member], "member", "micropay:account:alice"],
    ["with the root at its end", [member, anchor.der], "member", "micropay:account:alice"],
    ["of a server", [server], "server", "micropay:server"],
    ["with an intermediate", [below, middle], "member", "micropay:account:alice"],
    ["of three", [below, middle, anchor.der], "member", "micropay:account:alice"],
  ];
  for (const [title, chain, role, party] of rows) {
    await test.step(title, async () => {
      assertEquals(partyUri((await authority.verify(chain, role)).party), party);
    });
  }
});

Deno.test("what was verified is told with its fingerprints and its end", async () => {
  const member = await authority.member();
  const verified = await authority.verify([member]);
  assertEquals(verified.der, member);
  assertEquals(verified.fingerprint, await sha256Hex(member));
  assertEquals(verified.keyFingerprint, await publicKeyFingerprint(authority.leaf.keys.publicKey));
  assertEquals(verified.notAfterMs, atMs + dayMs);
  const outliving = await authority.member({ notAfterMs: atMs + 50 * dayMs });
  assertEquals(
    (await authority.verify([outliving])).notAfterMs,
    anchor.notAfterMs,
    "not past the CA's end",
  );
});

Deno.test("a certificate is valid from its first to its last second, both included", async () => {
  const member = await authority.member();
  await authority.verify([member], "member", atMs - dayMs);
  await authority.verify([member], "member", atMs + dayMs);
  for (const at of [atMs - dayMs - 1, atMs + dayMs + 1, NaN]) {
    await assertRejects(() => authority.verify([member], "member", at), CertificateError);
  }
});

Deno.test("bytes that change after they were verified do not change what was verified", async () => {
  const given = await authority.member();
  const verified = await authority.verify([given]);
  given.fill(0);
  assertEquals(await sha256Hex(verified.der), verified.fingerprint);
});

Deno.test("a chain is refused when", async (test) => {
  const other = await TestAuthority.make();
  const member = await authority.member();
  const middle = await authority.intermediate();
  const below = await authority.memberBelow();
  const server = await authority.server();
  const selfSigned = await authority.member({
    issuer: nameDer("alice"),
    signWith: authority.leaf.keys.privateKey,
  });
  const intermediate = async (parts: Partial<CertificateParts>) => [
    await authority.memberBelow(),
    await authority.intermediate(parts),
  ];
  const padding = new Extension("1.2.3.4", false, tlv(4, new Uint8Array(certificateBytesMax)));
  const oversized = await authority.member({ extensions: [der(padding)] });
  const rows: [string, Der[], Role, RegExp][] = [
    ["it is empty", [], "member", /empty/],
    ["a member's certificate comes as a server's", [member], "server", /usage/],
    ["a server's certificate comes as a member's", [server], "member", /usage/],
    ["the leaf is self-signed", [selfSigned], "member", /another CA's name/],
    ["it is another CA's of the same name", [await other.member()], "member", /not signed by/],
    [
      "it brings that other CA along",
      [await other.member(), other.anchor.der],
      "member",
      /another CA's|not signed by/,
    ],
    ["the leaf is the CA itself", [anchor.der], "member", /a CA's/],
    ["it is only the CA, twice", [anchor.der, anchor.der], "member", /a CA's/],
    ["the root is not at its end", [anchor.der, member], "member", /basicConstraints with CA/],
    ["the order is wrong", [middle, below], "member", /basicConstraints with CA/],
    ["the intermediate is missing", [below], "member", /another CA's name/],
    ["it has four certificates", [below, middle, middle, anchor.der], "member", /4 certificates/],
    ["it has three and no root", [below, middle, middle], "member", /3 certificates/],
    ["a certificate is too large", [oversized], "member", /bytes, more than 4096/],
    ["the leaf issues another leaf", [below, member], "member", /basicConstraints with CA/],
    [
      "the intermediate has no keyCertSign",
      await intermediate({
        extensions: [basicConstraints(true), keyUsage(KeyUsageFlags.digitalSignature)],
      }),
      "member",
      /keyCertSign/,
    ],
    [
      "the intermediate has no key usage",
      await intermediate({ extensions: [basicConstraints(true)] }),
      "member",
      /keyCertSign/,
    ],
    [
      "the intermediate has uncritical basicConstraints",
      await intermediate({
        extensions: [basicConstraints(true, 0, false), authorityExtensions.keyUsage],
      }),
      "member",
      /basicConstraints with CA/,
    ],
    [
      "the intermediate has a purpose",
      await intermediate({
        extensions: [...Object.values(authorityExtensions), extendedKeyUsage(clientAuth)],
      }),
      "member",
      /extended key usage/,
    ],
    [
      "the intermediate has expired",
      await intermediate({ notAfterMs: atMs - 1000 }),
      "member",
      /expired/,
    ],
    [
      "the intermediate is by another CA",
      await intermediate({ signWith: other.root.keys.privateKey }),
      "member",
      /not signed by/,
    ],
  ];
  for (const [title, chain, role, why] of rows) {
    await test.step(title, async () => {
      assertMatch((await authority.refusal(chain, role)).message, why);
    });
  }
});

Deno.test("an intermediate beyond the CA's path length is refused", async () => {
  const strict = await TestAuthority.make({
    extensions: [basicConstraints(true, 0), authorityExtensions.keyUsage],
  });
  const options = { anchor: strict.anchor, role: "member" as const, atMs };
  await verifyChain([await strict.member()], options);
  const chain = [await strict.memberBelow(), await strict.intermediate()];
  const error = await assertRejects(() => verifyChain(chain, options), CertificateError);
  assertMatch(error.message, /1 CA certificates below one that allows 0/);
});

Deno.test("a chain is refused once its CA has expired", async () => {
  const member = await authority.member({ notAfterMs: atMs + 50 * dayMs });
  const error = await assertRejects(
    () => authority.verify([member], "member", atMs + 11 * dayMs),
    CertificateError,
  );
  assertMatch(error.message, /CA's certificate has expired/);
});
