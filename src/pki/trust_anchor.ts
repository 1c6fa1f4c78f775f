/** The trust anchor: the CA's own certificate. All chains end in it. It names the ledger. */
import { CertificateError } from "../errors.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { PublicKey, sha256Hex } from "./signing_key.ts";
import { authorityCodec } from "./x509/certificate.ts";
import type { Bytes } from "./x509/der.ts";
import { readStructure } from "./x509/signed_structure.ts";
import { checkDates, type Validity } from "./x509/validity.ts";

/** A CA certificate that was read and checked. */
export interface TrustAnchor extends Validity {
  readonly der: Bytes;
  readonly pem: string;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly publicKey: PublicKey;
  /** The CA's common name. Certificates name it as their issuer. */
  readonly name: string;
}

/**
 * Reads a CA certificate. Verified: it has the CA profile, its own key signed it, and it is valid
 * at `atMs`. Whether it is the right CA, only a comparison of fingerprints can tell.
 *
 * @param der the certificate in DER
 * @param options.atMs wall-clock time in milliseconds since the epoch
 * @throws {CertificateError} when one of these checks fails
 */
export function readTrustAnchor(der: Bytes, { atMs }: { atMs: number }): TrustAnchor {
  const anchor = readTrustAnchorOfAnyDate(der);
  checkDates(anchor, { what: "the CA certificate", atMs });
  return anchor;
}

/**
 * Reads a CA certificate in PEM, with the checks of {@link readTrustAnchor}.
 *
 * @throws {CertificateError} when one of these checks fails, or the text is not PEM
 */
export function readTrustAnchorPem(pem: string, options: { atMs: number }): TrustAnchor {
  return readTrustAnchor(pemToDer(pem, "CERTIFICATE"), options);
}

/**
 * Reads a CA certificate without checking its dates, for verifying old signatures.
 *
 * @param given the certificate in DER
 * @throws {CertificateError} when it is not a CA certificate
 */
export function readTrustAnchorOfAnyDate(given: Bytes): TrustAnchor {
  const { der, contents, signedBytes, signature } = readStructure(given, authorityCodec);
  const { name, notBeforeMs, notAfterMs, publicKeyInfo } = contents;
  const publicKey = PublicKey.read(publicKeyInfo);
  if (!publicKey.verify(signedBytes, signature)) {
    throw new CertificateError("read a CA certificate: it is not self-signed");
  }
  const fingerprint = sha256Hex(der);
  const pem = derToPem(der, "CERTIFICATE");
  return { der, pem, fingerprint, publicKey, name, notBeforeMs, notAfterMs };
}
