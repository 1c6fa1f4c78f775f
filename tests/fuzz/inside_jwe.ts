/**
 * Damage inside a valid JWE. A peer that has read the greeting can seal anything. The outer form is
 * always correct.
 *
 * Must hold: it opens only when it is alice's message, byte by byte, or signed by her for the same
 * place with the same header. The spelling of the JSON does not matter. Everything else ends in an
 * `EnvelopeError`.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeBase64Url } from "../../src/base64.ts";
import { signerUri } from "../../src/envelope/peer.ts";
import type { Message } from "../../src/envelope/message.ts";
import { openFirst, openNext } from "../../src/envelope/open.ts";
import { EnvelopeError } from "../../src/errors.ts";
import { forgeJws } from "../envelope/forger.ts";
import { goodNonce } from "../envelope/hostile_greetings.ts";
import { aliceJws, aliceLine, x5c } from "../envelope/hostile_message.ts";
import { aliceKeys, bobKeys } from "../envelope/hostile_parties.ts";
import { alice, anchor, atMs, bob, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { endOf } from "./before_decryption.ts";
import { bytesOf, changedCompact, type CompactChange, compactChange } from "./compact_changes.ts";
import type { FuzzTarget } from "./fuzz_rounds.ts";
import { changedMembers, jsonOf, type MemberChange, memberChanges, oddJson } from "./odd_json.ts";
import { sealedLines } from "./real_lines.ts";

type Plaintext =
  | { readonly as: "bytes"; readonly bytes: Uint8Array }
  | { readonly as: "json"; readonly text: string }
  | { readonly as: "sealed"; readonly line: number }
  | { readonly as: "changed"; readonly changes: readonly CompactChange[] }
  | { readonly as: "serialized"; readonly how: "flattened" | "general" }
  | {
    readonly as: "signed";
    readonly header: readonly MemberChange[];
    readonly extra: Readonly<Record<string, unknown>>;
    readonly payload: readonly MemberChange[];
    readonly by: "alice" | "bob" | "HMAC" | "nobody";
    readonly signatureBytes: number;
  };

interface Input {
  readonly isFirst: boolean;
  readonly plaintext: Plaintext;
}

const key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
/** Members of a JOSE header that mean something to somebody. */
const headerMembers: Readonly<Record<string, readonly unknown[]>> = {
  alg: ["none", "HS256", "RS256", "ES256", "Ed25519", "EdDSA", "eddsa", "PS256", null],
  typ: ["JOSE", "JWT", "micropay-order", "micropay-receipt", "MICROPAY-MESSAGE", undefined],
  cty: ["JOSE", "micropay-message"],
  zip: ["DEF"],
  crit: [["b64"], ["exp"], []],
  b64: [false, true],
  jwk: [key],
  jku: ["https://example.com/keys"],
  x5u: ["https://example.com/alice.pem"],
  x5c: [x5c(...alice.chain), x5c(...bob.chain), x5c(anchor.der), [], "", x5c(new Uint8Array(9))],
  kid: [sessionKeys.server.kid, ""],
};
const extra = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.record(
      Object.fromEntries(
        Object.entries(headerMembers).map(([name, values]) => [name, fc.constantFrom(...values)]),
      ),
      { requiredKeys: [] },
    ).map((members) => Object.fromEntries(Object.entries(members).slice(0, 2))),
  },
);

const plaintexts: fc.Arbitrary<Plaintext> = fc.oneof(
  fc.record({ as: fc.constant("bytes" as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ as: fc.constant("json" as const), text: oddJson }),
  fc.record({ as: fc.constant("sealed" as const), line: fc.nat({ max: 99 }) }),
  fc.record({
    as: fc.constant("serialized" as const),
    how: fc.constantFrom("flattened" as const, "general" as const),
  }),
  {
    weight: 6,
    arbitrary: fc.record({
      as: fc.constant("changed" as const),
      changes: fc.array(compactChange, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      as: fc.constant("signed" as const),
      header: memberChanges,
      extra,
      payload: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, memberChanges),
      by: fc.constantFrom("alice" as const, "alice" as const, "bob" as const, "HMAC", "nobody"),
      signatureBytes: fc.constantFrom(0, 32, 64, 64, 256),
    }) as fc.Arbitrary<Plaintext>,
  },
);

export function insideJwe(): FuzzTarget<Input> {
  return {
    inputs: fc.record({ isFirst: fc.boolean(), plaintext: plaintexts }),
    honest: { isFirst: true, plaintext: { as: "changed", changes: [] } },
    round,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const honest = {
  first: aliceJws({ conn: goodNonce, seq: 0 }),
  next: aliceJws({ conn: goodNonce, seq: 1 }),
};
const lines = [honest.first, honest.next, ...sealedLines.map(({ line }) => line)];

async function round({ isFirst, plaintext }: Input): Promise<string> {
  const jws = isFirst ? honest.first : honest.next;
  const place = { conn: goodNonce, seq: isFirst ? 0 : 1 };
  const bytes = await bytesToSeal(plaintext, jws);
  const line = await aliceLine(place, { plaintext: bytes });
  let message: Message;
  try {
    message = await open(line, isFirst);
  } catch (error) {
    assert(error instanceof EnvelopeError, `refused with ${error}`);
    return endOf(error);
  }
  const opened = new TextDecoder("latin1").decode(bytes);
  if (plaintext.as === "signed" && plaintext.by === "alice") {
    assertEquals(placeOf(opened), placeOf(jws));
  } else {
    assertEquals(opened, jws);
  }
  assertEquals(message.conn, goodNonce);
  return "accepted";
}

async function open(line: string, isFirst: boolean): Promise<Message> {
  const sessionKey = sessionKeys.server;
  const address = { conn: goodNonce, seq: isFirst ? 0 : 1, to: signerUri(signers.server) };
  if (isFirst) {
    const admission = { anchor, applicants: true, atMs };
    return (await openFirst(line, { sessionKey, address, admission })).message;
  }
  const sender = { kind: "certified", certificate: alice.certificate } as const;
  return await openNext(line, { sessionKey, address, sender });
}

async function bytesToSeal(plaintext: Plaintext, jws: string): Promise<Uint8Array<ArrayBuffer>> {
  switch (plaintext.as) {
    case "bytes":
      return Uint8Array.from(plaintext.bytes);
    case "json":
      return Uint8Array.from(new TextEncoder().encode(plaintext.text));
    case "sealed":
      return bytesOf(sealedLines[plaintext.line % sealedLines.length]!.line);
    case "serialized":
      return bytesOf(serialized(jws, plaintext.how));
    case "changed":
      return plaintext.changes.reduce(
        (bytes, change) =>
          changedCompact(new TextDecoder("latin1").decode(bytes), change, { lines }),
        bytesOf(jws),
      );
    case "signed":
      return bytesOf(await signed(plaintext, jws));
  }
}

function serialized(jws: string, how: "flattened" | "general"): string {
  const [head, payload, signature] = jws.split(".");
  const one = { protected: head, signature };
  return JSON.stringify(how === "flattened" ? { payload, ...one } : { payload, signatures: [one] });
}

async function signed(
  { header, extra, payload, by, signatureBytes }: Plaintext & { as: "signed" },
  jws: string,
): Promise<string> {
  const [honestHeader, honestPayload] = partsOf(jws);
  const changedHeader = { ...honestHeader, ...extra };
  const parts = {
    header: jsonOf(changedMembers(writtenMembers(changedHeader), header)),
    payload: jsonOf(changedMembers(writtenMembers(honestPayload), payload)),
    key: by === "bob" ? bobKeys : aliceKeys,
  };
  if (by === "alice" || by === "bob") return forgeJws(parts);
  const unsigned = forgeJws({ ...parts, signature: "" });
  if (by === "nobody") return unsigned + encodeBase64Url(new Uint8Array(signatureBytes));
  // The public key as the secret: what a verifier that believes `alg` would compute.
  const secret = aliceKeys.publicKey.info.slice(-32);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const mac = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const code = await crypto.subtle.sign("HMAC", mac, bytesOf(unsigned.slice(0, -1)));
  return unsigned + encodeBase64Url(code);
}

function writtenMembers(value: object) {
  return Object.entries(value).filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, JSON.stringify(member)] as const);
}

/** What decides who speaks where; what alice says there is her own business. */
function placeOf(jws: string) {
  const [header, { conn, seq, to }] = partsOf(jws);
  // As text, in which -0 is 0.
  return { header, place: JSON.stringify({ conn, seq, to }) };
}

function partsOf(jws: string): [header: object, payload: Record<string, unknown>] {
  const [header, payload] = jws.split(".").slice(0, 2).map((part) =>
    JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")))
  );
  return [header, payload];
}
