/**
 * Lines that are refused without the private key, or because it does not decrypt them.
 */
import { encodeBase64Url } from "../../src/base64.ts";
import { changed, withPart, withStrayBits } from "./forger.ts";
import type { HostileLine } from "./hostile_lines.ts";
import { aliceJws, aliceLine } from "./hostile_message.ts";
import { sessionKeys } from "./vector_session_keys.ts";

const form = "open a line: not a compact JWE";
const base64url = "open a line: a part is not base64url";
const header = "open a line: its header is not the expected one";
const undecryptable = "open a line: it cannot be decrypted";

export const outerLines: readonly HostileLine[] = [
  { what: "a word", reason: form, make: () => Promise.resolve("hello") },
  { what: "an empty line", reason: form, make: () => Promise.resolve("") },
  {
    what: "the alphabet 65,536 times",
    reason: form,
    make: () => Promise.resolve("a".repeat(65_536)),
  },
  {
    what: "JWE JSON serialization",
    reason: form,
    make: async (place) => {
      const names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];
      const parts = (await aliceLine(place)).split(".");
      return JSON.stringify(Object.fromEntries(names.map((name, at) => [name, parts[at]])));
    },
  },
  { what: "a JWS that is not sealed", reason: form, make: (place) => aliceJws(place) },
  {
    what: "four parts",
    reason: form,
    make: async (place) => (await aliceLine(place)).split(".").slice(0, 4).join("."),
  },
  { what: "six parts", reason: form, make: async (place) => `${await aliceLine(place)}.AA` },
  { what: "padding", reason: form, make: async (place) => `${await aliceLine(place)}==` },
  {
    what: "a space in the ciphertext",
    reason: base64url,
    make: async (place) => withPart(await aliceLine(place), 3, (part) => `${part} `),
  },
  {
    what: "stray bits in the tag",
    reason: base64url,
    make: async (place) => withPart(await aliceLine(place), 4, withStrayBits),
  },
  {
    what: "stray bits in the encrypted key",
    reason: base64url,
    make: async (place) => withPart(await aliceLine(place), 1, withStrayBits),
  },
  {
    what: "an encrypted key of 3072 bits for a key of 2048",
    reason: "open a line: the encrypted key does not have our key's size",
    make: async (place) =>
      withPart(await aliceLine(place), 1, () => encodeBase64Url(new Uint8Array(384).fill(7))),
  },
  ...Object.entries({
    "an extra header member": { extra: 1 },
    "zip": { zip: "DEF" },
    "crit": { crit: ["exp"], exp: 1 },
    "an embedded key in the JWE": { jwk: { kty: "OKP", crv: "Ed25519", x: "AA" } },
    "jku in the JWE": { jku: "https://example.com/keys" },
    "the kid of another key": { kid: sessionKeys.bob.kid },
    "no kid": { kid: undefined },
    "RSA-OAEP with SHA-1": { alg: "RSA-OAEP" },
    "RSA1_5": { alg: "RSA1_5" },
    "dir": { alg: "dir" },
    "A128GCM": { enc: "A128GCM" },
    "no cty": { cty: undefined },
    "another cty": { cty: "JWE" },
    "typ in the JWE": { typ: "JOSE" },
  }).map(([what, outerHeader]): HostileLine => ({
    what,
    reason: header,
    make: (place) => aliceLine(place, { outerHeader }),
  })),
  {
    what: "a header member twice",
    reason: header,
    make: (place) =>
      aliceLine(place, {
        outerHeaderText:
          `{"alg":"RSA-OAEP-256","alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JOSE","kid":"${sessionKeys.server.kid}"}`,
      }),
  },
  {
    what: "a header that is no JSON",
    reason: header,
    make: (place) => aliceLine(place, { outerHeaderText: "alg" }),
  },
  {
    what: "a JWE for another key, under its kid",
    reason: header,
    make: (place) =>
      aliceLine(place, {
        recipient: sessionKeys.bob.jwk,
        outerHeader: { kid: sessionKeys.bob.kid },
      }),
  },
  {
    what: "a JWE for another key, under our kid",
    reason: undecryptable,
    make: (place) => aliceLine(place, { recipient: sessionKeys.bob.jwk }),
  },
  ...["header", "encrypted key", "initialization vector", "ciphertext", "tag"].slice(1).map((
    part,
    at,
  ): HostileLine => ({
    what: `a changed ${part}`,
    reason: undecryptable,
    make: async (place) => withPart(await aliceLine(place), at + 1, (text) => changed(text, 5)),
  })),
  {
    what: "an encrypted key of random bytes",
    reason: undecryptable,
    make: async (place) =>
      withPart(
        await aliceLine(place),
        1,
        () => encodeBase64Url(crypto.getRandomValues(new Uint8Array(256))),
      ),
  },
  {
    what: "the same header spelled in another order, with the first one's tag",
    reason: undecryptable,
    make: async (place) =>
      withPart(await aliceLine(place), 0, () =>
        encodeBase64Url(new TextEncoder().encode(
          `{"kid":"${sessionKeys.server.kid}","cty":"JOSE","enc":"A256GCM","alg":"RSA-OAEP-256"}`,
        ))),
  },
];
