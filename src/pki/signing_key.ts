/**
 * Ed25519 key pairs (RFC 8032), the keys of every identity, as PKCS#8 and SPKI (RFC 8410).
 */
import { encodeHex } from "@std/encoding/hex";
import { CertificateError } from "../errors.ts";
import { equalBytes } from "./der.ts";
import { derToPem, pemToDer } from "./pem.ts";

/** Bytes of an Ed25519 public key, and of the seed that is its private half. */
export const ed25519KeyBytes = 32;

// Both structures have one encoding each, so they are told by their first bytes; no parser, nothing to disagree about.
const privateKeyPrefix = hexBytes("302e020100300506032b657004220420");
const publicKeyPrefix = hexBytes("302a300506032b6570032100");

/** Makes a key pair whose private half can be exported, once, to be stored. */
export async function generateSigningKey(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
}

/** The private key as PKCS#8 in PEM, what `openssl pkey` reads. The key has to be extractable. */
export async function exportPrivateKeyPem(key: CryptoKey): Promise<string> {
  return derToPem(new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)), "PRIVATE KEY");
}

/**
 * Reads an unencrypted PKCS#8 private key; the public half is derived from it, never taken from the file.
 *
 * The private half cannot be exported again, so that no mistake elsewhere can print it.
 *
 * @throws {CertificateError} when the text is anything but one Ed25519 private key
 */
export async function importPrivateKeyPem(pem: string): Promise<CryptoKeyPair> {
  const der = pemToDer(pem, "PRIVATE KEY");
  const isEd25519 = der.length === privateKeyPrefix.length + ed25519KeyBytes &&
    equalBytes(der.subarray(0, privateKeyPrefix.length), privateKeyPrefix);
  if (!isEd25519) {
    throw new CertificateError("read a private key: it is not an Ed25519 key in PKCS#8");
  }
  try {
    const extractable = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", extractable);
    if (x === undefined) throw new TypeError("no public half");
    const jwk = { kty: "OKP", crv: "Ed25519", x };
    return {
      privateKey: await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]),
      publicKey: await crypto.subtle.importKey("jwk", jwk, "Ed25519", true, ["verify"]),
    };
  } catch (cause) {
    throw new CertificateError("read a private key: it cannot be used", { cause });
  }
}

/**
 * Reads a public key from its SubjectPublicKeyInfo. Verified: the algorithm is Ed25519 without parameters, the encoding is
 * the only one of its point, the point is not of small order. Not verified: that anyone holds the private half.
 *
 * @throws {CertificateError} otherwise
 */
export async function importPublicKey(spkiDer: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const isEd25519 = spkiDer.length === publicKeyPrefix.length + ed25519KeyBytes &&
    equalBytes(spkiDer.subarray(0, publicKeyPrefix.length), publicKeyPrefix);
  if (!isEd25519) throw new CertificateError("read a public key: it is not an Ed25519 key");
  const point = spkiDer.slice(publicKeyPrefix.length);
  if (isRefusedPoint(point)) {
    const value = encodeHex(point);
    throw new CertificateError(`read a public key: ${value} is of small order or not canonical`);
  }
  try {
    return await crypto.subtle.importKey("raw", point, "Ed25519", true, ["verify"]);
  } catch (cause) {
    throw new CertificateError("read a public key: it cannot be used", { cause });
  }
}

/** The key's SubjectPublicKeyInfo in DER. */
export async function exportPublicKey(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}

/** SHA-256 of the key's SubjectPublicKeyInfo, 64 lower-case hex digits. */
export async function publicKeyFingerprint(key: CryptoKey): Promise<string> {
  return await sha256Hex(await exportPublicKey(key));
}

/** SHA-256, 64 lower-case hex digits. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * The y coordinates of the eight points whose order divides 8, little-endian: 1 (the neutral point), p-1 (order 2), 0
 * (order 4), and two more (order 8), each with either sign of x. Under such a key an all-purpose signature fits one text
 * in eight, or every text, and WebCrypto accepts both key and signature: whoever registered one could later
 * deny, or have forged by anyone, whatever it "signed".
 */
export const smallOrderYCoordinates: readonly string[] = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

/** Whether a compressed point (RFC 8032 section 5.1.2) is of small order, or one that has a second, shorter spelling. */
export function isRefusedPoint(point: Uint8Array): boolean {
  // The sign of x is dropped first: both signs of these y are refused, also where x is 0 and a sign makes no sense.
  const y = point.slice();
  y[31]! &= 0x7f;
  return isAtLeastPrime(y) || smallOrderYCoordinates.includes(encodeHex(y));
}

/** Whether y is 2^255-19 or more: y and y-p are then the same point, which would give one key two fingerprints. */
function isAtLeastPrime(y: Uint8Array): boolean {
  return y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff) && y[0]! >= 0xed;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}
