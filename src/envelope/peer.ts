/**
 * The two ends of a connection as the envelope sees them: who signs, and who is signed to.
 */
import type { CertificateRequest } from "../pki/certificate_request.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { partyUri } from "../pki/party.ts";
import type { PublicKey, SigningKey } from "../pki/signing_key.ts";

/** The far end: somebody with a certificate, or an applicant who only has a request for one. */
export type Peer =
  | { readonly kind: "certified"; readonly certificate: VerifiedCertificate }
  | { readonly kind: "applicant"; readonly request: CertificateRequest };

/** This end: an identity, or an applicant's key with the request it signed. */
export type Signer =
  | { readonly kind: "certified"; readonly identity: Identity }
  | {
    readonly kind: "applicant";
    readonly request: CertificateRequest;
    readonly signingKey: SigningKey;
  };

/** How the far end is named in `to`: its party's URI; an applicant by its key, for its name is not its own yet. */
export function peerUri(peer: Peer): string {
  return peer.kind === "certified" ? partyUri(peer.certificate.party) : applicantUri(peer.request);
}

/** How this end is named in `to` of what it receives. */
export function signerUri(signer: Signer): string {
  return signer.kind === "certified"
    ? partyUri(signer.identity.party)
    : applicantUri(signer.request);
}

export function signerKey(signer: Signer): SigningKey {
  return signer.kind === "certified" ? signer.identity.signingKey : signer.signingKey;
}

/** The key that the far end's signatures are checked with. */
export function peerPublicKey(peer: Peer): PublicKey {
  return peer.kind === "certified" ? peer.certificate.publicKey : peer.request.publicKey;
}

function applicantUri({ publicKey }: CertificateRequest): string {
  return `micropay:applicant:${publicKey.fingerprint}`;
}
