/**
 * The frame of certificates and of requests: a body, the algorithm, and a signature over the body by an Ed25519 key.
 */
import { CertificateError } from "../../errors.ts";
import { certificateBytesMax } from "../../limits.ts";
import type { PublicKey, SigningKey } from "../signing_key.ts";
import { type Bytes, type DerElement, derTag, encodeDer, hexBytes, readDer } from "./der.ts";

/** AlgorithmIdentifier of id-Ed25519 (1.3.101.112), parameters absent (RFC 8410 section 3). */
export const ed25519Algorithm = hexBytes("300506032b6570");

const signatureBytes = 64;

/** A structure in DER that is exactly what its encoder makes of its contents. Who signed it is not verified yet. */
export interface SignedStructure<Contents> {
  readonly der: Bytes;
  readonly contents: Contents;
  readonly signedBytes: Bytes;
  readonly signature: Bytes;
}

export interface StructureCodec<Contents> {
  /** Names the structure in errors: `a certificate`. */
  readonly what: string;
  /** Picks the contents out of a body. May pass over anything that {@link encodeBody} does not write. */
  readonly readBody: (body: DerElement) => Contents;
  readonly encodeBody: (contents: Contents) => Bytes;
}

/** Encodes the contents and signs them. */
export function signStructure<Contents>(
  contents: Contents,
  { codec, signingKey }: { codec: StructureCodec<Contents>; signingKey: SigningKey },
): Bytes {
  const body = codec.encodeBody(contents);
  return frame(body, signingKey.sign(body));
}

/**
 * Reads a structure. Verified: its size, and that the codec encodes its contents to the very same bytes, so nothing in it can have a
 * second reading. Not verified: the signature.
 *
 * @throws {CertificateError} otherwise
 */
export function readStructure<Contents>(
  given: Bytes,
  { what, readBody, encodeBody }: StructureCodec<Contents>,
): SignedStructure<Contents> {
  if (given.length > certificateBytesMax) {
    throw new CertificateError(
      `read ${what}: ${given.length} bytes, more than ${certificateBytesMax}`,
    );
  }
  // A copy: the caller could change the bytes after they were checked.
  const der = given.slice();
  const [body, , bits] = readDer(der).children;
  if (!body || !bits) throw new CertificateError(`read ${what}: it has no body or no signature`);
  const signature = bits.content.slice(1);
  if (signature.length !== signatureBytes) {
    throw new CertificateError(`read ${what}: its signature is not of ${signatureBytes} bytes`);
  }
  const contents = readBody(body);
  const encoded = frame(encodeBody(contents), signature);
  const at = firstDifference(der, encoded);
  if (at !== undefined) {
    throw new CertificateError(
      `read ${what}: it is not spelled in its one way, from byte ${at} of ${der.length} on`,
    );
  }
  return { der, contents, signedBytes: body.bytes, signature };
}

/** Whether the signature is by `publicKey`. */
export function isSignedBy(
  { signature, signedBytes }: Pick<SignedStructure<unknown>, "signature" | "signedBytes">,
  publicKey: PublicKey,
): boolean {
  return publicKey.verify(signedBytes, signature);
}

function frame(body: Bytes, signature: Bytes): Bytes {
  // The first byte of a bit string counts unused bits; a signature has none.
  const bits = encodeDer(derTag.bitString, Uint8Array.of(0), signature);
  return encodeDer(derTag.sequence, body, ed25519Algorithm, bits);
}

function firstDifference(a: Bytes, b: Bytes): number | undefined {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  if (at !== -1) return at;
  return a.length === b.length ? undefined : a.length;
}
