/**
 * The compact JWE of a message (RFC 7516 section 7.1). RSA-OAEP-256 wraps a fresh content key, and
 * A256GCM encrypts the text (RFC 7518 sections 4.3 and 5.3). No other algorithm or header is
 * accepted.
 *
 * WebCrypto runs the RSA operation on another thread. AES on a few KB is cheaper in place.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { systemRandom } from "../random.ts";
import { parseJsonObject } from "../strict_json.ts";
import type { RecipientKey, SessionKey } from "./session_key.ts";

const encoder = new TextEncoder();

const contentKeyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/**
 * Returns the protected header of a message, with its members in order. `cty` says that a JWS is
 * inside (RFC 7515 section 9.2.1). `kid` names the receiver's session key.
 */
export function messageHeader(kid: string) {
  return { alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JOSE", kid };
}

/** The header of all messages to a key. */
const encodedHeaders = new WeakMap<RecipientKey | SessionKey, string>();

function encodedHeader(key: RecipientKey | SessionKey): string {
  const known = encodedHeaders.get(key);
  if (known !== undefined) return known;
  const header = encodeBase64Url(encoder.encode(JSON.stringify(messageHeader(key.kid))));
  encodedHeaders.set(key, header);
  return header;
}

/** A compact JWE of the right form for our key. Nothing is decrypted yet. */
export interface Jwe {
  /** The first part as received: the additional data of the encryption. */
  readonly header: string;
  readonly encryptedKey: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  readonly tag: Uint8Array<ArrayBuffer>;
}

/**
 * Returns the length of the JWE of a text, without encrypting it.
 *
 * @param textBytes length of the text
 * @returns bytes, all of them ASCII
 */
export function jweBytes(textBytes: number, recipient: RecipientKey): number {
  const { modulusLength } = recipient.publicKey.algorithm as RsaHashedKeyAlgorithm;
  const parts = [modulusLength / 8, ivBytes, textBytes, tagBytes];
  const dots = parts.length;
  return parts.reduce(
    (sum, bytes) => sum + Math.ceil(bytes * 4 / 3),
    encodedHeader(recipient).length + dots,
  );
}

/**
 * Encrypts a text to a receiver's session key, with a fresh content key.
 *
 * @param text ASCII, such as a compact JWS
 * @returns the compact JWE
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { generateSessionKey, importRecipientKey } from "./session_key.ts";
 *
 * const sessionKey = await generateSessionKey(2048);
 * const line = await encryptJwe("text", await importRecipientKey(sessionKey.jwk));
 * assertEquals(await decryptJwe(readJwe(line, sessionKey), sessionKey), "text");
 * ```
 */
export async function encryptJwe(text: string, recipient: RecipientKey): Promise<string> {
  const contentKey = systemRandom.bytes(contentKeyBytes);
  const encryptedKey = await crypto.subtle.encrypt("RSA-OAEP", recipient.publicKey, contentKey);
  const header = encodedHeader(recipient);
  const iv = systemRandom.bytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", contentKey, iv);
  cipher.setAAD(encoder.encode(header));
  const ciphertext = cipher.update(encoder.encode(text));
  // GCM has no blocks to fill, so this adds no bytes.
  cipher.final();
  const parts = [encryptedKey, iv, ciphertext, cipher.getAuthTag()];
  return [header, ...parts.map(encodeBase64Url)].join(".");
}

/** The fewest and most characters of each part. */
const partLengths = [
  [1, 512], // header
  [342, 683], // encrypted key
  [16, 16], // 96-bit IV
  [1, Infinity], // ciphertext
  [22, 22], // 128-bit tag
] as const;

/**
 * Reads a line and makes all checks that need no private key, so that most invalid lines cost
 * little.
 *
 * @throws {EnvelopeError} when the line is not a JWE of a message to this key
 */
export function readJwe(line: string, sessionKey: SessionKey): Jwe {
  const parts = line.split(".", partLengths.length + 1);
  const isForm = parts.length === partLengths.length &&
    partLengths.every(([min, max], at) => parts[at]!.length >= min && parts[at]!.length <= max);
  if (!isForm) throw new EnvelopeError("open a line: not a compact JWE");
  const header = parts[0]!;
  const encryptedKey = decodePart(parts[1]!);
  if (encryptedKey.length * 8 !== sessionKey.bits) {
    throw new EnvelopeError("open a line: the encrypted key does not have our key's size");
  }
  // Our own clients write the members in this order. Others may choose another.
  if (header !== encodedHeader(sessionKey)) checkHeader(decodePart(header), sessionKey.kid);
  return {
    header,
    encryptedKey,
    iv: decodePart(parts[2]!),
    ciphertext: decodePart(parts[3]!),
    tag: decodePart(parts[4]!),
  };
}

/**
 * Decrypts a JWE.
 *
 * @returns the text, one character per byte
 * @throws {EnvelopeError} when the decryption fails
 */
export async function decryptJwe(
  { header, encryptedKey, iv, ciphertext, tag }: Jwe,
  { privateKey }: SessionKey,
): Promise<string> {
  const contentKey = await decryptContentKey(encryptedKey, privateKey);
  const cipher = createDecipheriv("aes-256-gcm", contentKey, iv);
  cipher.setAAD(encoder.encode(header));
  cipher.setAuthTag(tag);
  try {
    return cipher.update(ciphertext, undefined, "latin1") + cipher.final("latin1");
  } catch (cause) {
    throw new EnvelopeError("open a line: it cannot be decrypted", { cause });
  }
}

/**
 * Returns the content key, or a random one when the unwrapping fails. Then the decryption fails
 * instead, so the time taken does not tell which of the two failed (RFC 7516 section 11.5).
 */
async function decryptContentKey(
  encryptedKey: Uint8Array<ArrayBuffer>,
  privateKey: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const random = systemRandom.bytes(contentKeyBytes);
  try {
    const key = new Uint8Array(await crypto.subtle.decrypt("RSA-OAEP", privateKey, encryptedKey));
    return key.length === contentKeyBytes ? key : random;
  } catch {
    return random;
  }
}

function decodePart(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64UrlStrict(text);
  if (!bytes) throw new EnvelopeError("open a line: a part is not base64url");
  return bytes;
}

function checkHeader(bytes: Uint8Array, kid: string): void {
  const header = parseJsonObject(bytes);
  const expected: Record<string, string> = messageHeader(kid);
  const names = Object.keys(expected);
  const matches = header && Object.keys(header).length === names.length &&
    names.every((name) => Object.hasOwn(header, name) && header[name] === expected[name]);
  if (!matches) throw new EnvelopeError("open a line: its header is not the expected one");
}
