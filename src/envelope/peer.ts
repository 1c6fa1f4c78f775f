/**
 * The two ends of a connection: the peer at the far end, and the signer at this end.
 */
import type { CertificateRequest } from "../pki/certificate_request.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { partyUri } from "../pki/party.ts";
import type { PublicKey, SigningKey } from "../pki/signing_key.ts";

/**
 * The far end of a connection: a party with a certificate, or an applicant with a certificate
 * request.
 */
export type Peer =
  | { readonly kind: "certified"; readonly certificate: VerifiedCertificate }
  | { readonly kind: "applicant"; readonly request: CertificateRequest };

/** This end of a connection: an identity, or an applicant with its key and its request. */
export type Signer =
  | { readonly kind: "certified"; readonly identity: Identity }
  | {
    readonly kind: "applicant";
    readonly request: CertificateRequest;
    readonly signingKey: SigningKey;
  };

/**
 * Returns the URI that messages to a peer carry in `to`. An applicant is named by its key, because
 * its name is not its own yet.
 */
export function peerUri(peer: Peer): string {
  return peer.kind === "certified" ? partyUri(peer.certificate.party) : applicantUri(peer.request);
}

/** Returns the URI that messages to this end carry in `to`. */
export function signerUri(signer: Signer): string {
  return signer.kind === "certified"
    ? partyUri(signer.identity.party)
    : applicantUri(signer.request);
}

/** Returns the key that signs this end's messages. */
export function signerKey(signer: Signer): SigningKey {
  return signer.kind === "certified" ? signer.identity.signingKey : signer.signingKey;
}

/** Returns the key that verifies a peer's signatures. */
export function peerPublicKey(peer: Peer): PublicKey {
  return peer.kind === "certified" ? peer.certificate.publicKey : peer.request.publicKey;
}

function applicantUri({ publicKey }: CertificateRequest): string {
  return `micropay:applicant:${publicKey.fingerprint}`;
}
