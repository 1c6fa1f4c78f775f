/**
 * Who this process is: a certificate with its private key, ready to sign.
 */
import { CertificateError } from "../errors.ts";
import { type VerifiedCertificate, verifyChain } from "./certificate_profile.ts";
import type { Party, Role } from "./party.ts";
import { pemToDers } from "./pem.ts";
import { SigningKey } from "./signing_key.ts";
import type { TrustAnchor } from "./trust_anchor.ts";

export interface Identity {
  readonly party: Party;
  readonly signingKey: SigningKey;
  /**
   * What is sent as `x5c`, leaf first. The server's ends with the CA's certificate, so that a client that meets the ledger
   * for the first time has something to pin; a member's ends below it.
   */
  readonly chain: readonly Uint8Array<ArrayBuffer>[];
  /** The leaf alone: what is sent as `x5c` of orders, receipts and account changes. */
  readonly leaf: readonly Uint8Array<ArrayBuffer>[];
  readonly certificate: VerifiedCertificate;
}

export type OpenIdentityOptions =
  & {
    readonly privateKeyPem: string;
    readonly anchor: TrustAnchor;
    readonly role: Role;
    readonly atMs: number;
  }
  & (
    | { readonly certificatePem: string }
    | { readonly chain: readonly Uint8Array<ArrayBuffer>[] }
  );

/**
 * Opens an identity. Verified: the chain up to the anchor, for the role, at `atMs`; the key is the certificate's.
 *
 * @throws {CertificateError} otherwise
 */
export function openIdentity(options: OpenIdentityOptions): Identity {
  const { privateKeyPem, anchor, role, atMs } = options;
  const given = "chain" in options
    ? options.chain
    : pemToDers(options.certificatePem, "CERTIFICATE");
  const certificate = verifyChain(given, { anchor, role, atMs });
  const signingKey = SigningKey.read(privateKeyPem);
  // With another's key every signature would be refused, and nobody would know why.
  if (signingKey.publicKey.fingerprint !== certificate.publicKey.fingerprint) {
    throw new CertificateError("open an identity: the key is not the certificate's");
  }
  const leaf = [certificate.der];
  const chain = role === "server" ? [certificate.der, anchor.der] : leaf;
  return { party: certificate.party, signingKey, chain, leaf, certificate };
}
