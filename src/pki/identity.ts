/** This process's identity: a certificate with its private key, ready to sign. */
import { CertificateError } from "../errors.ts";
import { type VerifiedCertificate, verifyChain } from "./certificate_profile.ts";
import type { Party, Role } from "./party.ts";
import { pemToDers } from "./pem.ts";
import { SigningKey } from "./signing_key.ts";
import type { TrustAnchor } from "./trust_anchor.ts";

/** A verified certificate with its private key. */
export interface Identity {
  readonly party: Party;
  readonly signingKey: SigningKey;
  /**
   * The certificates that a greeting or a first message sends as `x5c`, in DER, leaf first. The
   * server adds the CA certificate, so that a new client has something to pin.
   */
  readonly chain: readonly Uint8Array<ArrayBuffer>[];
  /** The leaf alone, as orders, receipts and account changes send it in `x5c`. */
  readonly leaf: readonly Uint8Array<ArrayBuffer>[];
  readonly certificate: VerifiedCertificate;
}

export interface OpenIdentityOptions {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly anchor: TrustAnchor;
  readonly role: Role;
  readonly atMs: number;
}

/**
 * Opens an identity. Verified: the chain up to the anchor, for the role, at `atMs`, and that the
 * key belongs to the certificate.
 *
 * @param options.certificatePem the leaf, optionally followed by the anchor
 * @param options.privateKeyPem PKCS#8 in PEM
 * @throws {CertificateError} when one of these checks fails
 */
export function openIdentity(
  { certificatePem, privateKeyPem, anchor, role, atMs }: OpenIdentityOptions,
): Identity {
  const given = pemToDers(certificatePem, "CERTIFICATE");
  const certificate = verifyChain(given, { anchor, role, atMs });
  const signingKey = SigningKey.read(privateKeyPem);
  // With another key, peers would refuse every signature and the user would not know why.
  if (signingKey.publicKey.fingerprint !== certificate.publicKey.fingerprint) {
    throw new CertificateError("open an identity: the key is not the certificate's");
  }
  const leaf = [certificate.der];
  const chain = role === "server" ? [certificate.der, anchor.der] : leaf;
  return { party: certificate.party, signingKey, chain, leaf, certificate };
}
