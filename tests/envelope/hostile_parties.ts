/**
 * Invalid certificates, and valid ones for another purpose, for the parties of the golden vectors.
 */
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { systemRandom } from "../../src/random.ts";
import type { AccountName } from "../../src/account_name.ts";
import { ManualClock } from "../manual_clock.ts";
import {
  dayMs,
  type Der,
  LeafMaker,
  type LeafParts,
  makeParty,
  memberParty,
} from "../pki/certificate_maker.ts";
import { anchor, atMs, identities } from "./vector_parties.ts";

const caKeys = SigningKey.read(identities.ca.privateKey);
const random = systemRandom;

/** Alice's key pair and the server's, for invalid documents with a valid signature. */
export const aliceKeys = SigningKey.read(identities.alice.privateKey);
export const bobKeys = SigningKey.read(identities.bob.privateKey);
export const serverKeys = SigningKey.read(identities.server.privateKey);
export const carolKeys = SigningKey.read(identities.carol.privateKey);

const { authority } = CertificateAuthority.create({ clock: new ManualClock(atMs), random });

/** Another ledger's CA, with certificates for our parties' keys. */
export const otherCa = {
  der: authority.anchor.der,
  alice: authority.issueMember({
    name: "alice" as AccountName,
    publicKey: aliceKeys.publicKey,
    atMs,
    random,
  }),
  server: authority.issueServer({
    publicKey: serverKeys.publicKey,
    hosts: ["localhost"],
    days: 10,
    atMs,
    random,
  }),
};

const someParty = makeParty();

/** A CA of the same name with another key. */
export const sameNameCa: Der = aliceCertificate({ signWith: someParty.keys });

/** Returns alice's certificate from our CA, valid except for the given fields. */
export function aliceCertificate(parts: LeafParts = {}): Der {
  const maker = LeafMaker.open(anchor, {
    caKey: caKeys,
    publicKeyInfo: aliceKeys.publicKey.info,
    party: memberParty("alice"),
  });
  return maker.make(parts);
}

/** Returns the server's certificate from our CA, valid except for the given fields. */
export function serverCertificate(parts: LeafParts = {}): Der {
  const maker = LeafMaker.open(anchor, {
    caKey: caKeys,
    publicKeyInfo: serverKeys.publicKey.info,
    party: { role: "server" },
  });
  return maker.make(parts);
}

/** Certificates with invalid dates or an invalid issuer. */
export const expired = { notAfterMs: atMs - 1000 };
export const notYet = { notBeforeMs: atMs + 1000, notAfterMs: atMs + dayMs };
export const selfSignedAlice: Der = aliceCertificate({
  issuer: "alice",
  signWith: aliceKeys,
});
export const selfSignedServer: Der = serverCertificate({
  issuer: "micropay server",
  signWith: serverKeys,
});

/** Announced keys that are refused, with the reason. `good` is a modulus of 2048 bits. */
export function badSessionKeys(good: JsonWebKey): { what: string; enc: unknown; reason: string }[] {
  const modulus = Uint8Array.from(
    atob(good.n!.replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0),
  );
  const n = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")
      .replaceAll("=", "");
  const even = modulus.slice();
  even[255]! &= 0xfe;
  const small = modulus.slice();
  small[0]! &= 0x7f;
  const size = "not a modulus of 2048, 3072, 4096 bits";
  const members = "read a session key: its members are not the expected ones";
  return [
    { what: "no session key", enc: null, reason: "read a session key: no JWK" },
    {
      what: "a weak session key of 1024 bits",
      enc: { ...good, n: n(modulus.slice(128)) },
      reason: size,
    },
    { what: "a session key of 2047 bits", enc: { ...good, n: n(small) }, reason: size },
    {
      what: "a session key with a leading zero",
      enc: { ...good, n: n(Uint8Array.of(0, ...modulus)) },
      reason: size,
    },
    { what: "a session key with an even modulus", enc: { ...good, n: n(even) }, reason: size },
    { what: "a session key with exponent 3", enc: { ...good, e: "Aw" }, reason: members },
    {
      what: "a session key with padding in its modulus",
      enc: { ...good, n: `${good.n}==` },
      reason: size,
    },
    { what: "a session key with a private member", enc: { ...good, d: "AQAB" }, reason: members },
    { what: "a session key for signing", enc: { ...good, use: "sig" }, reason: members },
    {
      what: "a session key for RSA-OAEP with SHA-1",
      enc: { ...good, alg: "RSA-OAEP" },
      reason: members,
    },
    {
      what: "an elliptic curve session key",
      enc: { kty: "EC", crv: "P-256", x: "AA", y: "AA" },
      reason: members,
    },
  ];
}
