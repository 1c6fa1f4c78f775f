import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { CertificateError } from "../../src/errors.ts";
import { certificateBytesMax } from "../../src/limits.ts";
import { verifyChain } from "../../src/pki/certificate_profile.ts";
import { partyUri, type Role } from "../../src/pki/party.ts";
import { publicKeyFingerprint, sha256Hex } from "../../src/pki/signing_key.ts";
import { ExtendedKeyUsage, Extension, KeyUsageFlags } from "../../src/pki/x509.ts";
import {
  alternativeNames,
  atMs,
  authorityExtensions,
  basicConstraints,
  bytes,
  type CertificateParts,
  dayMs,
  type Der,
  der,
  extendedKeyUsage,
  keyUsage,
  memberExtensions,
  nameDer,
  serverExtensions,
  TestAuthority,
  tlv,
  uri,
} from "./certificate_maker.ts";

const authority = await TestAuthority.make();
const { anchor } = authority;
const { serverAuth, clientAuth } = ExtendedKeyUsage;

function verify(chain: Der[], role: Role = "member", at = atMs) {
  return verifyChain(chain, { anchor, role, atMs: at });
}

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
      assertEquals(partyUri((await verify(chain, role)).party), party);
    });
  }
});

Deno.test("what was verified is told with its fingerprints and its end", async () => {
  const member = await authority.member();
  const verified = await verify([member]);
  assertEquals(verified.der, member);
  assertEquals(verified.fingerprint, await sha256Hex(member));
  assertEquals(verified.keyFingerprint, await publicKeyFingerprint(authority.leaf.keys.publicKey));
  assertEquals(verified.notAfterMs, atMs + dayMs);
  const outliving = await authority.member({ notAfterMs: atMs + 50 * dayMs });
  assertEquals((await verify([outliving])).notAfterMs, anchor.notAfterMs, "not past the CA's end");
});

Deno.test("a certificate is valid from its first to its last second, both included", async () => {
  const member = await authority.member();
  await verify([member], "member", atMs - dayMs);
  await verify([member], "member", atMs + dayMs);
  for (const at of [atMs - dayMs - 1, atMs + dayMs + 1, NaN]) {
    await assertRejects(() => verify([member], "member", at), CertificateError);
  }
});

Deno.test("bytes that change after they were verified do not change what was verified", async () => {
  const given = await authority.member();
  const verified = await verify([given]);
  given.fill(0);
  assertEquals(await sha256Hex(verified.der), verified.fingerprint);
});

/** A row that differs from a good member's certificate in its extensions only. */
type Extensions = Partial<Record<keyof typeof memberExtensions | "more", Der | undefined>>;

function withExtensions(changes: Extensions): Partial<CertificateParts> {
  const all: Extensions = { ...memberExtensions, ...changes };
  return { extensions: Object.values(all).filter((one) => one !== undefined) };
}

const unknown = (critical: boolean) => der(new Extension("1.2.3.4", critical, bytes(5, 0)));

const memberRefusals: [string, Partial<CertificateParts>, RegExp][] = [
  [
    "a server's purpose",
    withExtensions({ extendedKeyUsage: extendedKeyUsage(serverAuth) }),
    /usage/,
  ],
  [
    "both purposes",
    withExtensions({ extendedKeyUsage: extendedKeyUsage(clientAuth, serverAuth) }),
    /extended key usage/,
  ],
  [
    "its own purpose twice",
    withExtensions({ extendedKeyUsage: extendedKeyUsage(clientAuth, clientAuth) }),
    /extended key usage/,
  ],
  [
    "any purpose",
    withExtensions({ extendedKeyUsage: extendedKeyUsage("2.5.29.37.0") }),
    /extended key usage/,
  ],
  ["no purpose", withExtensions({ extendedKeyUsage: undefined }), /extended key usage/],
  ["the CA flag", withExtensions({ basicConstraints: basicConstraints(true) }), /a CA's/],
  ["a path length", withExtensions({ basicConstraints: basicConstraints(false, 0) }), /a CA's/],
  ["no basicConstraints", withExtensions({ basicConstraints: undefined }), /no critical basic/],
  [
    "uncritical basicConstraints",
    withExtensions({ basicConstraints: basicConstraints(false, undefined, false) }),
    /no critical basic/,
  ],
  ["no key usage", withExtensions({ keyUsage: undefined }), /digitalSignature/],
  [
    "keyCertSign besides digitalSignature",
    withExtensions({
      keyUsage: keyUsage(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign),
    }),
    /digitalSignature/,
  ],
  [
    "keyAgreement only",
    withExtensions({ keyUsage: keyUsage(KeyUsageFlags.keyAgreement) }),
    /digitalSignature/,
  ],
  ["no alternative name", withExtensions({ alternativeNames: undefined }), /0 URIs/],
  [
    "two accounts",
    withExtensions({
      alternativeNames: alternativeNames(
        uri("micropay:account:alice"),
        uri("micropay:account:bob"),
      ),
    }),
    /2 URIs/,
  ],
  [
    "another URI besides its own",
    withExtensions({
      alternativeNames: alternativeNames(uri("micropay:account:alice"), uri("http://a/")),
    }),
    /2 URIs/,
  ],
  [
    "a URI that is none of ours",
    withExtensions({ alternativeNames: alternativeNames(uri("http://alice/")) }),
    /is no party/,
  ],
  [
    "a name that is none",
    withExtensions({ alternativeNames: alternativeNames(uri("micropay:account:Alice")) }),
    /is no party/,
  ],
  [
    "the server's name",
    withExtensions({ alternativeNames: alternativeNames(uri("micropay:server")) }),
    /a server's/,
  ],
  [
    "a DNS name",
    withExtensions({
      alternativeNames: alternativeNames(uri("micropay:account:alice"), {
        type: "dns",
        value: "localhost",
      }),
    }),
    /more than one alternative name/,
  ],
  [
    "an e-mail address",
    withExtensions({
      alternativeNames: alternativeNames(uri("micropay:account:alice"), {
        type: "email",
        value: "a@b",
      }),
    }),
    /no URI, host or address/,
  ],
  ["another common name", { subject: nameDer("bob") }, /common name/],
  ["a common name in capitals", { subject: nameDer("Alice") }, /common name/],
  ["two common names", { subject: nameDer("alice", "alice") }, /common name/],
  ["no common name", { subject: bytes(0x30, 0) }, /common name/],
  ["an unknown critical extension", withExtensions({ more: unknown(true) }), /1\.2\.3\.4/],
  [
    "name constraints, critical or not",
    withExtensions({ more: der(new Extension("2.5.29.30", false, bytes(0x30, 0))) }),
    /2\.5\.29\.30/,
  ],
  [
    "an extension twice",
    withExtensions({ more: memberExtensions.basicConstraints }),
    /2\.5\.29\.19 is there twice/,
  ],
  [
    "an unknown extension twice",
    { extensions: [...Object.values(memberExtensions), unknown(false), unknown(false)] },
    /twice/,
  ],
  [
    "an extension with bytes after its value",
    withExtensions({
      keyUsage: der(new Extension("2.5.29.15", true, bytes(3, 2, 7, 0x80, 0))),
    }),
    /after the end/,
  ],
  ["no extensions", { extensions: [] }, /basicConstraints/],
  ["version 1", { version: bytes(0xa0, 3, 2, 1, 0) }, /version 3/],
  ["no version", { version: bytes() }, /version 3/],
  ["version 4", { version: bytes(0xa0, 3, 2, 1, 3) }, /version 3/],
  ["a unique identifier", { uniqueIds: [bytes(0x81, 2, 0, 1)] }, /unexpected fields/],
  ["serial zero", { serial: bytes(0) }, /serial/],
  ["a negative serial", { serial: bytes(0x80) }, /serial/],
  ["a serial of 21 bytes", { serial: new Uint8Array(21).fill(0x11) }, /serial/],
  ["a padded serial", { serial: bytes(0, 1) }, /padded integer/],
  ["a date in the past", { notAfterMs: atMs - 1000 }, /expired on 2026-11-23T11:59:59/],
  ["a date in the future", { notBeforeMs: atMs + 1000 }, /valid only from 2026-11-23T12:00:01/],
  [
    "another algorithm inside than outside",
    { innerAlgorithm: bytes(0x30, 5, 6, 3, 0x2b, 0x65, 0x71) },
    /Ed25519/,
  ],
  [
    "another algorithm outside than inside",
    { outerAlgorithm: bytes(0x30, 5, 6, 3, 0x2b, 0x65, 0x71) },
    /Ed25519/,
  ],
  [
    "algorithm parameters",
    { outerAlgorithm: bytes(0x30, 7, 6, 3, 0x2b, 0x65, 0x70, 5, 0) },
    /Ed25519/,
  ],
  ["another issuer's name", { issuer: nameDer("Root") }, /another CA's name/],
];

Deno.test("a member's certificate is refused when it has", async (test) => {
  for (const [title, parts, why] of memberRefusals) {
    await test.step(title, async () => {
      const certificate = await authority.member(parts);
      assertMatch((await refusal([certificate])).message, why);
    });
  }
});

Deno.test("unknown extensions that are not critical, and a serial of 20 bytes, do no harm", async () => {
  await verify([await authority.member(withExtensions({ more: unknown(false) }))]);
  await verify([await authority.member({ serial: new Uint8Array(20).fill(0x11) })]);
});

Deno.test("a server's certificate is refused when it has", async (test) => {
  const rows: [string, Partial<typeof serverExtensions>, RegExp][] = [
    [
      "a member's purpose",
      { extendedKeyUsage: extendedKeyUsage(clientAuth) },
      /extended key usage/,
    ],
    ["both", { extendedKeyUsage: extendedKeyUsage(serverAuth, clientAuth) }, /extended key usage/],
    ["a member's name", { alternativeNames: memberExtensions.alternativeNames }, /a member's/],
    [
      "hosts but no URI",
      { alternativeNames: alternativeNames({ type: "dns", value: "localhost" }) },
      /0 URIs/,
    ],
  ];
  for (const [title, changes, why] of rows) {
    await test.step(title, async () => {
      const extensions = Object.values({ ...serverExtensions, ...changes });
      assertMatch((await refusal([await authority.server({ extensions })], "server")).message, why);
    });
  }
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
  const oversized = await authority.member(withExtensions({
    more: der(new Extension("1.2.3.4", false, tlv(4, new Uint8Array(certificateBytesMax)))),
  }));
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
      assertMatch((await refusal(chain, role)).message, why);
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
    () => verify([member], "member", atMs + 11 * dayMs),
    CertificateError,
  );
  assertMatch(error.message, /CA's certificate has expired/);
});

Deno.test("a leaf with a key of another kind is refused", async (test) => {
  const kinds = {
    RSA: {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: bytes(1, 0, 1),
      hash: "SHA-256",
    },
    ECDSA: { name: "ECDSA", namedCurve: "P-256" },
  };
  for (const [title, algorithm] of Object.entries(kinds)) {
    await test.step(title, async () => {
      const keys = await crypto.subtle.generateKey(
        algorithm as RsaHashedKeyGenParams,
        true,
        ["sign", "verify"],
      );
      const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
      const certificate = await authority.member({ publicKeyInfo: spki });
      assertMatch((await refusal([certificate])).message, /not an Ed25519 key/);
    });
  }
  await test.step("a small-order point", async () => {
    const spki = authority.leaf.publicKeyInfo.slice();
    spki.fill(0, 12);
    const certificate = await authority.member({ publicKeyInfo: spki });
    assertMatch((await refusal([certificate])).message, /small order/);
  });
});

Deno.test("a certificate cut off at any byte is refused", async () => {
  const member = await authority.member();
  for (let length = 0; length < member.length; length++) {
    await refusal([member.slice(0, length)]);
  }
});

Deno.test("a certificate with anything after it is refused", async () => {
  const member = await authority.member();
  assertMatch((await refusal([Uint8Array.of(...member, 0)])).message, /after the end/);
});

Deno.test("BER that means the same as a valid certificate is refused", async () => {
  const member = await authority.member();
  const content = member.subarray(4);
  const [indefinite, padded] = [
    Uint8Array.of(0x30, 0x80, ...content, 0, 0),
    Uint8Array.of(0x30, 0x83, 0, content.length >> 8, content.length & 0xff, ...content),
  ];
  assertMatch((await refusal([indefinite])).message, /indefinite/);
  assertMatch((await refusal([padded])).message, /indefinite or too large/);
});

Deno.test("a certificate with any one bit changed is refused", async () => {
  const member = await authority.member();
  for (let bit = 0; bit < member.length * 8; bit++) {
    const changed = member.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await refusal([changed]);
  }
});

Deno.test("the second spelling of a signature, S plus the group's order, is refused", async () => {
  const order = (1n << 252n) + 27742317777372353535851937790883648493n;
  const member = await authority.member();
  let carry = 0n;
  for (let i = 0; i < 32; i++) {
    const at = member.length - 32 + i;
    const sum = BigInt(member[at]!) + ((order >> BigInt(8 * i)) & 0xffn) + carry;
    member[at] = Number(sum & 0xffn);
    carry = sum >> 8n;
  }
  assertEquals(carry, 0n, "the sum fits into 32 bytes");
  await refusal([member]);
});

Deno.test("no mutation of a valid certificate verifies", async () => {
  const member = await authority.member();
  const mutation = fc.record({
    at: fc.nat(member.length - 1),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const changed = [...member];
      for (const { at, remove, insert } of mutations) changed.splice(at, remove, ...insert);
      if (changed.length === member.length && changed.every((byte, i) => byte === member[i])) {
        return;
      }
      await refusal([Uint8Array.from(changed)]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("no bytes at all make it throw anything but a CertificateError", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (garbage) => {
      await refusal([Uint8Array.from(garbage)]);
      await refusal([tlv(0x30, garbage)]);
    }),
    { numRuns: 200 },
  );
});

/** Asserts the refusal, and that it is of the one class. */
async function refusal(chain: Der[], role: Role = "member"): Promise<CertificateError> {
  let verified;
  try {
    verified = await verify(chain, role);
  } catch (error) {
    assertInstanceOf(error, CertificateError);
    return error;
  }
  throw new Error(`accepted as ${partyUri(verified.party)}`);
}
