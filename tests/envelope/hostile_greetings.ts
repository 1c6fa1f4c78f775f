/**
 * Greetings that a connecting side must refuse, each with its reason. Each is valid except for one
 * thing.
 */
import { clockDifferenceMsMax, greetingLifetimeMs } from "../../src/limits.ts";
import { partyUri } from "../../src/pki/party.ts";
import { changed, forgeJws, type Part, withPart, withStrayBits } from "./forger.ts";
import { x5c } from "./hostile_message.ts";
import {
  badSessionKeys,
  bobKeys,
  expired,
  notYet,
  otherCa,
  selfSignedServer,
  serverCertificate,
  serverKeys,
} from "./hostile_parties.ts";
import { alice, anchor, atMs, bob, server } from "./vector_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

export interface HostileGreeting {
  readonly what: string;
  /** The role that the connecting side expects. */
  readonly role: "server" | "member";
  /** A part of the error text. */
  readonly reason: string;
  make(): string;
}

export const goodNonce = "AAECAwQFBgcICQoLDA0ODw";
const at = atMs / 1000;
const lifetime = greetingLifetimeMs / 1000;
const tolerance = clockDifferenceMsMax / 1000;

interface Wrong {
  readonly role?: "server" | "member";
  readonly payload?: object;
  readonly payloadText?: string;
  readonly header?: object;
  readonly headerText?: string;
  readonly key?: SigningKey;
  readonly signature?: string;
  readonly jws?: (jws: string) => string;
}

/** Returns the greeting of the server or bob, valid except for the given fields. */
export function greetingLine(wrong: Wrong = {}): string {
  const { role = "server" } = wrong;
  const identity = role === "server" ? server : bob;
  const enc = role === "server" ? sessionKeys.server.jwk : sessionKeys.bob.jwk;
  const header = {
    alg: "EdDSA",
    typ: "micropay-greeting",
    x5c: x5c(...identity.chain),
    ...wrong.header,
  };
  const payload = {
    v: 1,
    iss: partyUri(identity.party),
    iat: at,
    exp: at + lifetime,
    nonce: goodNonce,
    enc,
    ...wrong.payload,
  };
  const jws = forgeJws({
    header: wrong.headerText ?? header as Part,
    payload: wrong.payloadText ?? payload,
    key: wrong.key ?? (role === "server" ? serverKeys : bobKeys),
    signature: wrong.signature,
  });
  return wrong.jws?.(jws) ?? jws;
}

/** Dates at the tolerance of both clocks. */
export const toleratedDates: readonly { readonly what: string; readonly payload: object }[] = [
  {
    what: "issued 2 hours ahead",
    payload: { iat: at + tolerance, exp: at + tolerance + lifetime },
  },
  { what: "expired for 2 hours", payload: { iat: at - tolerance - lifetime, exp: at - tolerance } },
];

function wrong(what: string, reason: string, how: Wrong): HostileGreeting {
  return { what, role: how.role ?? "server", reason, make: () => greetingLine(how) };
}

const notJws = "not a compact JWS";
const header = "read a micropay-greeting: the header is not the expected one";
const members = "read a greeting: its members are not the expected ones";
const signature = "verify a signature: it is not by the expected key";

export const hostileGreetings: readonly HostileGreeting[] = [
  { what: "a word", role: "server", reason: notJws, make: () => "hello" },
  { what: "an empty line", role: "server", reason: notJws, make: () => "" },
  wrong("a member's certificate as the server's", "verify the certificate of a server", {
    header: { x5c: x5c(...alice.chain) },
  }),
  wrong("the server's certificate as a member's", "verify the certificate of a member", {
    role: "member",
    header: { x5c: x5c(...server.chain) },
    key: serverKeys,
  }),
  wrong("a certificate of another CA", "it was issued by", {
    header: { x5c: x5c(otherCa.server) },
  }),
  wrong(
    "a certificate of another CA, with that CA's",
    "it does not end in the CA that is trusted",
    {
      header: { x5c: x5c(otherCa.server, otherCa.der) },
    },
  ),
  wrong("another CA's certificate after ours", "it does not end in the CA that is trusted", {
    header: { x5c: x5c(server.chain[0]!, otherCa.der) },
  }),
  wrong("a self-signed certificate", "it was issued by", {
    header: { x5c: x5c(selfSignedServer) },
  }),
  wrong("an expired certificate", "expired on", {
    header: { x5c: x5c(serverCertificate(expired)) },
  }),
  wrong("a certificate that is not valid yet", "valid only from", {
    header: { x5c: x5c(serverCertificate(notYet)) },
  }),
  wrong("the CA's certificate alone", "it is a CA's", { header: { x5c: x5c(anchor.der) } }),
  wrong("no certificate", "x5c is missing", { header: { x5c: undefined } }),
  wrong("three certificates", "x5c is not 1 to 2 certificates", {
    header: { x5c: x5c(...server.chain, anchor.der) },
  }),
  wrong("another's signature", signature, { key: bobKeys }),
  wrong("a changed signature", signature, { jws: (jws) => changed(jws, -5) }),
  wrong("stray bits in the signature", "a part is not base64url", {
    jws: (jws) => withPart(jws, 2, withStrayBits),
  }),
  wrong("padding", notJws, { jws: (jws) => `${jws}=` }),
  wrong("an unsecured JWS", notJws, { header: { alg: "none" }, signature: "" }),
  wrong("alg none with a signature", header, { header: { alg: "none" } }),
  wrong("alg HS256", header, { header: { alg: "HS256" } }),
  wrong("the typ of a message", header, { header: { typ: "micropay-message" } }),
  wrong("an embedded key", header, { header: { jwk: { kty: "OKP", crv: "Ed25519", x: "AA" } } }),
  wrong("crit", header, { header: { crit: ["b64"], b64: true } }),
  wrong("a member twice", "the payload is not a JSON object", { payloadText: '{"v":1,"v":1}' }),
  wrong("an array", "the payload is not a JSON object", { payloadText: "[1]" }),
  wrong("another version", "protocol version 2, not 1", { payload: { v: 2 } }),
  wrong("another issuer", members, { payload: { iss: "micropay:account:bob" } }),
  wrong("an extra member", members, { payload: { extra: 1 } }),
  wrong("no nonce", "read a greeting: no nonce", { payload: { nonce: undefined } }),
  wrong("a nonce of 21 characters", "read a greeting: no nonce", {
    payload: { nonce: goodNonce.slice(1) },
  }),
  wrong("a nonce that is no base64url", "read a greeting: no nonce", {
    payload: { nonce: goodNonce.replace("A", "+") },
  }),
  wrong("a date that is text", "read a greeting: no dates", { payload: { iat: String(at) } }),
  wrong("a date before 1970", "read a greeting: no dates", { payload: { iat: -1 } }),
  wrong("no expiry", "read a greeting: no dates", { payload: { exp: undefined } }),
  wrong("a greeting that expired too long ago", "it is valid from", {
    payload: { iat: at - tolerance - lifetime - 1, exp: at - tolerance - 1 },
  }),
  wrong("a greeting from too far in the future", "it is valid from", {
    payload: { iat: at + tolerance + 1, exp: at + tolerance + lifetime },
  }),
  ...badSessionKeys(sessionKeys.server.jwk).map(({ what, enc, reason }) =>
    wrong(what, reason, { payload: { enc } })
  ),
];
