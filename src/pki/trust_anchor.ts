/**
 * The CA's own certificate, the one thing a chain is checked against. Its fingerprint names the ledger.
 */
import { CertificateError } from "../errors.ts";
import {
  type CertificateFields,
  checkDates,
  isSignedBy,
  readCertificateFields,
} from "./certificate_fields.ts";
import { equalBytes } from "./der.ts";
import { certificateToPem, pemToDer } from "./pem.ts";
import { importPublicKey, sha256Hex } from "./signing_key.ts";
import { KeyUsageFlags } from "./x509.ts";

export interface TrustAnchor {
  readonly der: Uint8Array<ArrayBuffer>;
  readonly pem: string;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly publicKey: CryptoKey;
  /** The CA's name as it is encoded, which its certificates carry as their issuer. */
  readonly subject: Uint8Array<ArrayBuffer>;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** How many CA certificates may stand between this one and a leaf; no limit of its own when `undefined`. */
  readonly pathLength: number | undefined;
}

/**
 * Reads a CA certificate. Verified: it is of the CA profile, signed by its own key, and valid at `atMs`. Not verified, and
 * not verifiable: that it is the right one. That is for whoever compares the fingerprint.
 *
 * @throws {CertificateError} otherwise
 */
export async function readTrustAnchor(
  der: Uint8Array<ArrayBuffer>,
  { atMs }: { atMs: number },
): Promise<TrustAnchor> {
  const fields = readCertificateFields(der);
  checkAuthority(fields);
  checkDates(fields, atMs);
  const publicKey = await importPublicKey(fields.publicKeyInfo);
  const isSelfSigned = equalBytes(fields.issuer, fields.subject) &&
    await isSignedBy(fields.signed, publicKey);
  if (!isSelfSigned) throw new CertificateError("read a CA certificate: it is not self-signed");
  return {
    der: fields.der,
    pem: certificateToPem(fields.der),
    fingerprint: await sha256Hex(fields.der),
    publicKey,
    subject: fields.subject,
    notBeforeMs: fields.notBeforeMs,
    notAfterMs: fields.notAfterMs,
    pathLength: fields.extensions.basicConstraints?.pathLength,
  };
}

/** {@link readTrustAnchor} for the PEM text of a file. */
export async function readTrustAnchorPem(
  pem: string,
  options: { atMs: number },
): Promise<TrustAnchor> {
  return await readTrustAnchor(pemToDer(pem, "CERTIFICATE"), options);
}

/**
 * What every CA certificate has to be: critical basicConstraints with CA set, a path length that makes sense, keyCertSign.
 *
 * @throws {CertificateError} otherwise
 */
export function checkAuthority({ extensions }: CertificateFields): void {
  const { basicConstraints, keyUsage, extendedKeyUsage } = extensions;
  if (basicConstraints === undefined || !basicConstraints.critical || !basicConstraints.ca) {
    throw new CertificateError("read a CA certificate: no critical basicConstraints with CA set");
  }
  const { pathLength } = basicConstraints;
  if (pathLength !== undefined && !(Number.isSafeInteger(pathLength) && pathLength >= 0)) {
    throw new CertificateError("read a CA certificate: its path length is not a small number");
  }
  if (((keyUsage ?? 0) & KeyUsageFlags.keyCertSign) === 0) {
    throw new CertificateError("read a CA certificate: its key usage has no keyCertSign");
  }
  // A purpose on a CA would limit what it may issue; ours have none, and we do not carry such a limit down the chain.
  if (extendedKeyUsage !== undefined) {
    throw new CertificateError("read a CA certificate: it has an extended key usage");
  }
}
