/**
 * Session keys: RSA-OAEP (SHA-256) key pairs made at run time. Their owner's identity signs the
 * public half, a JWK (RFC 7517). The private half cannot be exported and is never stored.
 */
import { createHash } from "node:crypto";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { type RsaBits, rsaBitsChoices } from "../limits.ts";
import type { JsonObject } from "../strict_json.ts";

const algorithm = { name: "RSA-OAEP", hash: "SHA-256" } as const;

/** The public half as announced, with exactly these members. */
export interface SessionJwk extends JsonObject {
  readonly kty: "RSA";
  readonly alg: "RSA-OAEP-256";
  readonly use: "enc";
  readonly n: string;
  readonly e: "AQAB";
}

/** A key pair of this process. It opens messages to this process. */
export interface SessionKey {
  readonly privateKey: CryptoKey;
  readonly jwk: SessionJwk;
  /** The JWK's SHA-256 thumbprint (RFC 7638), which messages to this key carry as `kid`. */
  readonly kid: string;
  readonly bits: RsaBits;
}

/** The public session key of another process, for sealing messages to it. */
export interface RecipientKey {
  readonly publicKey: CryptoKey;
  readonly kid: string;
}

/** Makes a key pair. 2048 bits take about 0.1 s of processor time, 4096 more than 1 s. */
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
 * Reads an announced session key. One exponent and three sizes are accepted, so sealing has a known
 * cost.
 *
 * @param value the JWK
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
 * Returns the JWK's SHA-256 thumbprint, over its required members in alphabetical order (RFC 7638).
 */
function thumbprint(n: string): string {
  const members = JSON.stringify({ e: "AQAB", kty: "RSA", n });
  return encodeBase64Url(createHash("sha256").update(members).digest());
}

/** Returns whether the modulus has an accepted size (top bit set) and is odd, as RSA moduli are. */
function isModulus(bytes: Uint8Array): boolean {
  const bits = bytes.length * 8;
  return rsaBitsChoices.some((choice) => choice === bits) &&
    bytes[0]! >= 0x80 && (bytes.at(-1)! & 1) === 1;
}
