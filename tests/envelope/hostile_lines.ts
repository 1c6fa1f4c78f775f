/**
 * Lines from alice that the server must refuse, each with its reason. Each is valid except for one
 * thing.
 */
import { encodeBase64, encodeBase64Url } from "../../src/base64.ts";
import { jsonDepthMax } from "../../src/strict_json.ts";
import { changed, forgeJws, withPart, withStrayBits } from "./forger.ts";
import { aliceJws, aliceLine, type Place, type Wrong, x5c } from "./hostile_message.ts";
import { outerLines } from "./hostile_outer.ts";
import { bobKeys } from "./hostile_parties.ts";
import { introductionLines } from "./hostile_introductions.ts";
import { alice, anchor, identities } from "./vector_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";

export interface HostileLine {
  readonly what: string;
  /** A part of the text of the `EnvelopeError`. */
  readonly reason: string;
  make(place: Place): Promise<string> | string;
  /** Refused only as first message, or only as later one. When absent, as either. */
  readonly only?: "first" | "next";
}

const notJws = "read a micropay-message: not a compact JWS";
const jwsHeader = "read a micropay-message: the header is not the expected one";
const notJson = "read a micropay-message: the payload is not a JSON object";
const members = "read a message: its members are not the expected ones";
const signature = "verify a signature: it is not by the expected key";

function wrong(what: string, reason: string, how: Wrong, only?: "first" | "next"): HostileLine {
  const line = { what, reason, make: (place: Place) => aliceLine(place, how) };
  return only ? { ...line, only } : line;
}

const insideLines: readonly HostileLine[] = [
  wrong("bare JSON inside a JWE", notJws, { plaintext: '{"type":"balance","body":{}}' }),
  wrong("bytes that are no text inside a JWE", notJws, { plaintext: Uint8Array.of(0xff, 0, 0x80) }),
  {
    what: "a JWE in a JWE",
    reason: notJws,
    make: async (place) => await aliceLine(place, { plaintext: await aliceLine(place) }),
  },
  {
    what: "JWS JSON serialization inside a JWE",
    reason: notJws,
    make: async (place) => {
      const [head, payload, signed] = (aliceJws(place)).split(".");
      const plaintext = JSON.stringify({ protected: head, payload, signature: signed });
      return await aliceLine(place, { plaintext });
    },
  },
  wrong("an unsecured JWS", notJws, { header: { alg: "none" }, signature: "" }),
  wrong("alg none with a signature", jwsHeader, { header: { alg: "none" } }),
  wrong("alg HS256", jwsHeader, { header: { alg: "HS256" } }),
  wrong("alg RS256", jwsHeader, { header: { alg: "RS256" } }),
  wrong("alg RS256 with a signature of 2048 bits", notJws, {
    header: { alg: "RS256" },
    signature: encodeBase64Url(new Uint8Array(256)),
  }),
  wrong("alg ES256", jwsHeader, { header: { alg: "ES256" } }),
  wrong("alg Ed25519", jwsHeader, { header: { alg: "Ed25519" } }),
  wrong("no alg", jwsHeader, { header: { alg: undefined } }),
  wrong("the typ of an order", jwsHeader, { header: { typ: "micropay-order" } }),
  wrong("no typ", jwsHeader, { header: { typ: undefined } }),
  wrong("an extra member in the JWS header", jwsHeader, { header: { extra: 1 } }),
  wrong("an embedded key", jwsHeader, { header: { jwk: { kty: "OKP", crv: "Ed25519", x: "AA" } } }),
  wrong("jku", jwsHeader, { header: { jku: "https://example.com/keys" } }),
  wrong("x5u", jwsHeader, { header: { x5u: "https://example.com/alice.pem" } }),
  wrong("x5t", jwsHeader, { header: { "x5t#S256": "AA" } }),
  wrong("crit and b64", jwsHeader, { header: { b64: false, crit: ["b64"] } }),
  wrong("a member of the JWS header twice", "the header is not a JSON object", {
    headerText: '{"alg":"EdDSA","typ":"micropay-message","alg":"EdDSA"}',
  }),
  wrong("a changed signature", signature, { jws: (jws) => changed(jws, -5) }),
  wrong("another's signature", signature, { key: bobKeys }),
  wrong("stray bits in the signature", "a part is not base64url", {
    jws: (jws) => withPart(jws, 2, withStrayBits),
  }),
  wrong("padding in the JWS", notJws, { jws: (jws) => `${jws}==` }),
  wrong("a space after the JWS", notJws, { jws: (jws) => `${jws} ` }),
  wrong("a newline after the JWS", notJws, { jws: (jws) => `${jws}\n` }),
  wrong("two documents", notJws, { jws: (jws) => `${jws}.${jws}` }),
  wrong("a payload that is an array", notJson, { payloadText: "[]" }),
  wrong("a payload that is no JSON", notJson, { payloadText: "type=balance" }),
  wrong("a payload that is no UTF-8", notJson, { payloadText: Uint8Array.of(0x7b, 0xff, 0x7d) }),
  wrong("a payload with a byte order mark", notJson, { payloadText: "\ufeff{}" }),
  wrong("a payload that is nested too deeply", notJson, {
    payloadText: '{"a":'.repeat(jsonDepthMax) + "{}" + "}".repeat(jsonDepthMax),
  }),
  {
    what: "a member of the payload twice",
    reason: notJson,
    make: async (place) => {
      const [, payload] = (aliceJws(place)).split(".");
      const text = atob(payload!.replaceAll("-", "+").replaceAll("_", "/"));
      return await aliceLine(place, { payloadText: text.replace("{", '{"type":"exit",') });
    },
  },
  wrong("an extra member of the payload", members, { payload: { extra: 1 } }),
  wrong("an extra member named __proto__", members, { payload: { ["__proto__"]: 1 } }),
  wrong("no body", members, { payload: { body: undefined } }),
  wrong("a body that is an array", members, { payload: { body: [] } }),
  wrong("a body that is null", members, { payload: { body: null } }),
  wrong("a type that is no name", members, { payload: { type: "Balance" } }),
  wrong("a type of 33 letters", members, { payload: { type: "a".repeat(33) } }),
  wrong("a seq that is text", members, { payload: { seq: "0" } }),
  wrong("a fraction of a second", notJson, { payload: { iat: 1.5 } }),
  wrong("a time before 1970", members, { payload: { iat: -1 } }),
  ...["1.0", "10e-1", "0.99999999999999999999", "1e0", "-0"].map((spelling): HostileLine => ({
    what: `the number ${spelling}`,
    reason: notJson,
    make: async (place) => {
      const [, payload] = (aliceJws(place)).split(".");
      const text = atob(payload!.replaceAll("-", "+").replaceAll("_", "/"));
      const payloadText = text.replace(/"iat":\d+/, `"iat":${spelling}`);
      return await aliceLine(place, { payloadText });
    },
  })),
  wrong("another to", "to micropay:account:carol", { payload: { to: "micropay:account:carol" } }),
  wrong("its own sender as to", "to micropay:account:alice", {
    payload: { to: "micropay:account:alice" },
  }),
  wrong("another conn", "of another connection", {
    payload: { conn: "AAAAAAAAAAAAAAAAAAAAAA" },
  }),
  wrong("a seq too high", "it is message 9", { payload: { seq: 9 } }),
  wrong("a negative seq", "it is message -1", { payload: { seq: -1 } }),
];

/** Members that belong into the first message only, or into later ones only. */
const laterLines: readonly HostileLine[] = [
  wrong(
    "x5c in a later message",
    "x5c is not expected",
    { header: { x5c: x5c(...alice.chain) } },
    "next",
  ),
  wrong("a session key in a later message", members, {
    payload: { enc: sessionKeys.alice.jwk },
  }, "next"),
  wrong("a certificate request in a later message", "a certificate request after the first", {
    payload: { csr: identities.carol.request },
  }, "next"),
  wrong("the seq of the message before", "it is message 0", { payload: { seq: 0 } }, "next"),
  wrong("x5c with the CA's certificate, later", "x5c is not expected", {
    header: { x5c: [encodeBase64(anchor.der)] },
  }, "next"),
  {
    what: "an order's text as message",
    reason: jwsHeader,
    only: "next",
    make: async (place) => {
      const plaintext = forgeJws({
        header: { alg: "EdDSA", typ: "micropay-order", x5c: x5c(...alice.chain) },
        payload: { id: "019ab000-0000-7000-8000-000000000001" },
        key: bobKeys,
      });
      return await aliceLine(place, { plaintext });
    },
  },
];

export const hostileLines: readonly HostileLine[] = [
  ...outerLines,
  ...insideLines,
  ...introductionLines,
  ...laterLines,
];
