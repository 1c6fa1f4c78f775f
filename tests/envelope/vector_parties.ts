/**
 * The parties of the golden vectors, with their identities and the public halves of their session
 * keys.
 */
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import type { Signer } from "../../src/envelope/peer.ts";
import { importRecipientKey, type RecipientKey } from "../../src/envelope/session_key.ts";
import { readCertificateRequest } from "../../src/pki/certificate_request.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { readTrustAnchorPem } from "../../src/pki/trust_anchor.ts";
import {
  type IdentitiesFile,
  type PartyVector,
  readVectors,
  type VectorParty,
} from "../vectors/vector_files.ts";
import { sessionKeys } from "./vector_session_keys.ts";

export const identities = await readVectors<IdentitiesFile>("identities");

/** The time in milliseconds at which everything is valid. */
export const atMs = identities.at * 1000;

export const anchor = readTrustAnchorPem(identities.ca.certificate, { atMs });

export const server = identityOf(identities.server, "server");
export const alice = identityOf(identities.alice, "member");
export const bob = identityOf(identities.bob, "member");

/** An applicant without a certificate. */
export const carol: Signer = {
  kind: "applicant",
  request: readCertificateRequest(decodeBase64UrlStrict(identities.carol.request)!),
  signingKey: SigningKey.read(identities.carol.privateKey),
};

export const signers: Readonly<Record<VectorParty, Signer>> = {
  server: { kind: "certified", identity: server },
  alice: { kind: "certified", identity: alice },
  bob: { kind: "certified", identity: bob },
  carol,
};

export const recipients: Readonly<Record<VectorParty, RecipientKey>> = {
  server: await importRecipientKey(sessionKeys.server.jwk),
  alice: await importRecipientKey(sessionKeys.alice.jwk),
  bob: await importRecipientKey(sessionKeys.bob.jwk),
  carol: await importRecipientKey(sessionKeys.carol.jwk),
};

function identityOf(
  { privateKey: privateKeyPem, certificate: certificatePem }: PartyVector,
  role: "server" | "member",
): Identity {
  return openIdentity({ privateKeyPem, certificatePem, anchor, role, atMs });
}
