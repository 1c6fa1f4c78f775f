/**
 * Who this process is: a certificate with its private key, ready to sign.
 */
import { CertificateError } from "../errors.ts";
import { type VerifiedCertificate, verifyChain } from "./certificate_profile.ts";
import type { Party, Role } from "./party.ts";
import { pemToDers } from "./pem.ts";
import { importPrivateKeyPem, publicKeyFingerprint } from "./signing_key.ts";
import type { TrustAnchor } from "./trust_anchor.ts";

export interface Identity {
  readonly party: Party;
  /** Ed25519; signs, and cannot be exported. */
  readonly privateKey: CryptoKey;
  /**
   * What is sent as `x5c`, leaf first. The server's ends with the CA's certificate, so that a client that meets the ledger
   * for the first time has something to pin; a member's ends below it.
   */
  readonly chain: readonly Uint8Array<ArrayBuffer>[];
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
export async function openIdentity(options: OpenIdentityOptions): Promise<Identity> {
  const { privateKeyPem, anchor, role, atMs } = options;
  const given = "chain" in options
    ? options.chain
    : pemToDers(options.certificatePem, "CERTIFICATE");
  const certificate = await verifyChain(given, { anchor, role, atMs });
  const { privateKey, publicKey } = await importPrivateKeyPem(privateKeyPem);
  // With another's key every signature would be refused, and nobody would know why.
  if (await publicKeyFingerprint(publicKey) !== certificate.keyFingerprint) {
    throw new CertificateError("open an identity: the key is not the certificate's");
  }
  const chain = role === "server" ? [certificate.der, anchor.der] : [certificate.der];
  return { party: certificate.party, privateKey, chain, certificate };
}
