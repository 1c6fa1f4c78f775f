import { assertMatch } from "@std/assert";
import { ExtendedKeyUsage, Extension, KeyUsageFlags } from "../../src/pki/x509.ts";
import {
  alternativeNames,
  atMs,
  basicConstraints,
  bytes,
  type CertificateParts,
  type Der,
  der,
  extendedKeyUsage,
  keyUsage,
  makeCertificate,
  memberExtensions,
  nameDer,
  serverExtensions,
  TestAuthority,
  tlv,
  uri,
} from "./certificate_maker.ts";

const authority = await TestAuthority.make();
const { serverAuth, clientAuth } = ExtendedKeyUsage;

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
  [
    "a key usage with a bit more than it needs",
    withExtensions({ keyUsage: der(new Extension("2.5.29.15", true, bytes(3, 2, 6, 0x80))) }),
    /not spelled in the one way/,
  ],
  [
    "alternative names that are no sequence",
    withExtensions({ alternativeNames: der(new Extension("2.5.29.17", false, namesInContext())) }),
    /another type is expected/,
  ],
  [
    "a subject whose one part is no set",
    { subject: nameDer("alice").map((byte, at) => at === 2 ? 0xa0 : byte) },
    /another type is expected/,
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

/** The one name of alice's certificate, the sequence around it tagged `[0]`: the library reads it all the same. */
function namesInContext(): Der {
  return tlv(0xa0, tlv(0x86, new TextEncoder().encode("micropay:account:alice")));
}

Deno.test("a second list of extensions is not passed over", async () => {
  const { leaf, root, anchor } = authority;
  const lists = [Object.values(memberExtensions), [unknown(true)]].map((one) => tlv(0x30, ...one));
  const certificate = await makeCertificate({
    issuer: Uint8Array.from(anchor.subject),
    publicKeyInfo: leaf.publicKeyInfo,
    uniqueIds: [tlv(0xa3, ...lists)],
    signWith: root.keys.privateKey,
  });
  assertMatch((await authority.refusal([certificate])).message, /unexpected fields/);
});

Deno.test("a member's certificate is refused when it has", async (test) => {
  for (const [title, parts, why] of memberRefusals) {
    await test.step(title, async () => {
      const certificate = await authority.member(parts);
      assertMatch((await authority.refusal([certificate])).message, why);
    });
  }
});

Deno.test("unknown extensions that are not critical, and a serial of 20 bytes, do no harm", async () => {
  await authority.verify([await authority.member(withExtensions({ more: unknown(false) }))]);
  await authority.verify([await authority.member({ serial: new Uint8Array(20).fill(0x11) })]);
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
      assertMatch(
        (await authority.refusal([await authority.server({ extensions })], "server")).message,
        why,
      );
    });
  }
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
      assertMatch((await authority.refusal([certificate])).message, /not an Ed25519 key/);
    });
  }
  await test.step("a small-order point", async () => {
    const spki = authority.leaf.publicKeyInfo.slice();
    spki.fill(0, 12);
    const certificate = await authority.member({ publicKeyInfo: spki });
    assertMatch((await authority.refusal([certificate])).message, /small order/);
  });
});
