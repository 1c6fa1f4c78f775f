/**
 * The CA's own certificate, the one thing a chain is checked against. Its fingerprint names the ledger.
 */
import { CertificateError } from "../errors.ts";
import { certificateToPem, pemToDer } from "./pem.ts";
import { PublicKey, sha256Hex } from "./signing_key.ts";
import { authorityCodec } from "./x509/certificate.ts";
import type { Bytes } from "./x509/der.ts";
import { isSignedBy, readStructure } from "./x509/signed_structure.ts";
import { checkDates, type Validity } from "./x509/validity.ts";

export interface TrustAnchor extends Validity {
  readonly der: Bytes;
  readonly pem: string;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly publicKey: PublicKey;
  /** The CA's common name, which its certificates carry as their issuer. */
  readonly name: string;
}

/**
 * Reads a CA certificate. Verified: it is of the CA profile, signed by its own key, and valid at `atMs`. Not verified, and
 * not verifiable: that it is the right one. Somebody has to compare the fingerprint for that.
 *
 * @throws {CertificateError} otherwise
 */
export function readTrustAnchor(der: Bytes, { atMs }: { atMs: number }): TrustAnchor {
  const anchor = readTrustAnchorOfAnyDate(der);
  checkDates(anchor, { what: "the CA certificate", atMs });
  return anchor;
}

/** {@link readTrustAnchor} for the PEM text of a file. */
export function readTrustAnchorPem(pem: string, options: { atMs: number }): TrustAnchor {
  return readTrustAnchor(pemToDer(pem, "CERTIFICATE"), options);
}

/**
 * {@link readTrustAnchor} without the dates, for what was signed at another time than now.
 *
 * @throws {CertificateError} when it is not a CA's certificate
 */
export function readTrustAnchorOfAnyDate(given: Bytes): TrustAnchor {
  const { der, contents, ...signed } = readStructure(given, authorityCodec);
  const { name, notBeforeMs, notAfterMs, publicKeyInfo } = contents;
  const publicKey = PublicKey.read(publicKeyInfo);
  if (!isSignedBy(signed, publicKey)) {
    throw new CertificateError("read a CA certificate: it is not self-signed");
  }
  const fingerprint = sha256Hex(der);
  const pem = certificateToPem(der);
  return { der, pem, fingerprint, publicKey, name, notBeforeMs, notAfterMs };
}
