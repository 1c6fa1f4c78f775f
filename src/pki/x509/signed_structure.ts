/** The frame of certificates and requests: a body, the algorithm, and an Ed25519 signature. */
import { decodeHex } from "@std/encoding/hex";
import { CertificateError } from "../../errors.ts";
import { certificateBytesMax } from "../../limits.ts";
import type { SigningKey } from "../signing_key.ts";
import { type Bytes, type DerElement, derTag, encodeDer, readDer } from "./der.ts";

/** AlgorithmIdentifier of id-Ed25519 (1.3.101.112), parameters absent (RFC 8410 section 3). */
export const ed25519Algorithm = decodeHex("300506032b6570");

const signatureBytes = 64;

/** A structure in exactly the bytes of its encoder. Its signature is not verified yet. */
export interface SignedStructure<Contents> {
  readonly der: Bytes;
  readonly contents: Contents;
  readonly signedBytes: Bytes;
  readonly signature: Bytes;
}

/** Reads and writes the body of one kind of structure. */
export interface StructureCodec<Contents> {
  /** The name of the structure in errors, such as `a certificate`. */
  readonly what: string;
  /** Reads the contents of a body. It may skip anything that {@link encodeBody} does not write. */
  readonly readBody: (body: DerElement) => Contents;
  readonly encodeBody: (contents: Contents) => Bytes;
}

/** Returns the signed structure with these contents, in DER. */
export function signStructure<Contents>(
  contents: Contents,
  { codec, signingKey }: { codec: StructureCodec<Contents>; signingKey: SigningKey },
): Bytes {
  const body = codec.encodeBody(contents);
  return frame(body, signingKey.sign(body));
}

/**
 * Reads a structure. Verified: its size, and that encoding its contents again gives the same bytes.
 * So no part of it has a second reading. Not verified: the signature.
 *
 * @param given the structure in DER
 * @throws {CertificateError} when one of these checks fails
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
  // A copy, because the caller could change the bytes later.
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
      `read ${what}: its encoding is not canonical from byte ${at} of ${der.length}`,
    );
  }
  return { der, contents, signedBytes: body.bytes, signature };
}

function frame(body: Bytes, signature: Bytes): Bytes {
  // The first byte of a bit string counts unused bits. A signature has none.
  const bits = encodeDer(derTag.bitString, Uint8Array.of(0), signature);
  return encodeDer(derTag.sequence, body, ed25519Algorithm, bits);
}

function firstDifference(a: Bytes, b: Bytes): number | undefined {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  if (at !== -1) return at;
  return a.length === b.length ? undefined : a.length;
}
