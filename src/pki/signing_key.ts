/**
 * Ed25519 key pairs (RFC 8032), the keys of every identity, as PKCS#8 and SPKI (RFC 8410).
 */
import { encodeHex } from "@std/encoding/hex";
import { CertificateError } from "../errors.ts";
import { isPrimeOrderPoint } from "./ed25519_point.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { type Bytes, equalBytes, hexBytes } from "./x509/der.ts";
import { ed25519KeyBytes, readPublicKeyInfo } from "./x509/public_key_info.ts";

/** PKCS#8 has one encoding of such a key, too, so it is told by its first bytes. */
const privateKeyPrefix = hexBytes("302e020100300506032b657004220420");

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
 * Reads a public key from its SubjectPublicKeyInfo. Verified: the algorithm is Ed25519 without parameters, and the key is the
 * one spelling of a point of prime order. Not verified: that anyone holds the private half.
 *
 * @throws {CertificateError} otherwise
 */
export async function importPublicKey(publicKeyInfo: Bytes): Promise<CryptoKey> {
  const point = readPublicKeyInfo(publicKeyInfo);
  if (!isPrimeOrderPoint(point)) {
    throw new CertificateError(`read a public key: ${encodeHex(point)} is no point of prime order`);
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
