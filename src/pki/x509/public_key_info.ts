/**
 * SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4). It has one encoding, so its first
 * bytes identify it.
 */
import { decodeHex } from "@std/encoding/hex";
import { CertificateError } from "../../errors.ts";
import { type Bytes, equalBytes } from "./der.ts";

/** Bytes of an Ed25519 public key, and of a private one. */
export const ed25519KeyBytes = 32;

const prefix = decodeHex("302a300506032b6570032100");

/**
 * Returns the 32 bytes of a public key. Whether they are a valid point is not verified.
 *
 * @param publicKeyInfo SubjectPublicKeyInfo in DER
 * @throws {CertificateError} when the key is of another kind or encoded in another way
 */
export function readPublicKeyInfo(publicKeyInfo: Bytes): Bytes {
  const isEd25519 = publicKeyInfo.length === prefix.length + ed25519KeyBytes &&
    equalBytes(publicKeyInfo.subarray(0, prefix.length), prefix);
  if (!isEd25519) throw new CertificateError("read a public key: it is not an Ed25519 key");
  return publicKeyInfo.slice(prefix.length);
}

/** Returns the SubjectPublicKeyInfo of a public key of 32 bytes, in DER. */
export function encodePublicKeyInfo(key: Uint8Array): Bytes {
  return Uint8Array.of(...prefix, ...key);
}
