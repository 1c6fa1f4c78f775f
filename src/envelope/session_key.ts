/**
 * Session keys: RSA-OAEP (SHA-256) key pairs made at run time. The public half is announced as a JWK (RFC 7517), signed by its
 * owner's identity; the private half cannot be exported and is never written anywhere.
 */
import { createHash } from "node:crypto";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { type RsaBits, rsaBitsChoices } from "../limits.ts";
import type { JsonObject } from "../strict_json.ts";

const algorithm = { name: "RSA-OAEP", hash: "SHA-256" } as const;

/** The public half as it is announced. Exactly these members. */
export interface SessionJwk extends JsonObject {
  readonly kty: "RSA";
  readonly alg: "RSA-OAEP-256";
  readonly use: "enc";
  readonly n: string;
  readonly e: "AQAB";
}

/** A key pair of this process: opens what others seal. */
export interface SessionKey {
  readonly privateKey: CryptoKey;
  readonly jwk: SessionJwk;
  /** The JWK's SHA-256 thumbprint (RFC 7638), the `kid` of every message sealed to it. */
  readonly kid: string;
  readonly bits: RsaBits;
}

/** Somebody else's announced key: seals for them. */
export interface RecipientKey {
  readonly publicKey: CryptoKey;
  readonly kid: string;
}

/** Makes a key pair. 2048 bits take about 0.1 s of a core, 4096 over 1 s. */
export async function generateSessionKey(bits: RsaBits): Promise<SessionKey> {
  const publicExponent = new Uint8Array([1, 0, 1]);
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { ...algorithm, modulusLength: bits, publicExponent },
    false,
    ["encrypt", "decrypt"],
  );
  const { n } = await crypto.subtle.exportKey("jwk", publicKey);
  const jwk: SessionJwk = { kty: "RSA", alg: "RSA-OAEP-256", use: "enc", n: n!, e: "AQAB" };
  return { privateKey, jwk, kid: thumbprint(jwk.n), bits };
}

/**
 * Reads an announced key. One exponent and three sizes are accepted, so the cost of sealing for a stranger is known.
 *
 * @throws {EnvelopeError} when it is anything else
 */
export async function importRecipientKey(value: unknown): Promise<RecipientKey> {
  const attempt = "read a session key";
  if (typeof value !== "object" || value === null) throw new EnvelopeError(`${attempt}: no JWK`);
  const { kty, alg, use, n, e, ...others } = value as JsonObject;
  const expected = kty === "RSA" && alg === "RSA-OAEP-256" && use === "enc" && e === "AQAB" &&
    typeof n === "string" && Object.keys(others).length === 0;
  if (!expected) throw new EnvelopeError(`${attempt}: its members are not the expected ones`);
  const modulus = decodeBase64UrlStrict(n);
  if (!modulus || !isModulus(modulus)) {
    throw new EnvelopeError(`${attempt}: not a modulus of ${rsaBitsChoices.join(", ")} bits`);
  }
  const jwk = { kty, alg, use, n, e };
  try {
    const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["encrypt"]);
    return { publicKey, kid: thumbprint(n) };
  } catch (cause) {
    throw new EnvelopeError(`${attempt}: it is not an RSA key`, { cause });
  }
}

/**
 * The SHA-256 thumbprint of a JWK: over its required members, in the order of their names (RFC
 * 7638).
 */
function thumbprint(n: string): string {
  const members = JSON.stringify({ e: "AQAB", kty: "RSA", n });
  return encodeBase64Url(createHash("sha256").update(members).digest());
}

/** Of exactly the claimed size (top bit set) and odd, as every product of two large primes is. */
function isModulus(bytes: Uint8Array): boolean {
  const bits = bytes.length * 8;
  return rsaBitsChoices.some((choice) => choice === bits) &&
    bytes[0]! >= 0x80 && (bytes.at(-1)! & 1) === 1;
}
