/**
 * SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4). It has one encoding, so it is told by its first bytes.
 */
import { CertificateError } from "../../errors.ts";
import { type Bytes, equalBytes, hexBytes } from "./der.ts";

/** Bytes of an Ed25519 public key, and of the seed that is its private half. */
export const ed25519KeyBytes = 32;

const prefix = hexBytes("302a300506032b6570032100");

/**
 * The key itself: 32 bytes that spell a point, not looked at yet.
 *
 * @throws {CertificateError} when it is a key of another kind, or spelled in another way
 */
export function readPublicKeyInfo(publicKeyInfo: Bytes): Bytes {
  const isEd25519 = publicKeyInfo.length === prefix.length + ed25519KeyBytes &&
    equalBytes(publicKeyInfo.subarray(0, prefix.length), prefix);
  if (!isEd25519) throw new CertificateError("read a public key: it is not an Ed25519 key");
  return publicKeyInfo.slice(prefix.length);
}
