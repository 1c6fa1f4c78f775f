/**
 * The parties of the golden vectors, with identities and session keys that need no generation.
 */
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import type { Signer } from "../../src/envelope/peer.ts";
import {
  importRecipientKey,
  type RecipientKey,
  type SessionJwk,
  type SessionKey,
} from "../../src/envelope/session_key.ts";
import type { RsaBits } from "../../src/limits.ts";
import { readCertificateRequest } from "../../src/pki/certificate_request.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { readTrustAnchorPem } from "../../src/pki/trust_anchor.ts";
import type {
  IdentitiesFile,
  PartyVector,
  SessionKeysFile,
  SessionKeyVector,
  VectorParty,
} from "../vectors/vector_files.ts";

export async function readVectors<File>(name: string): Promise<File> {
  const path = new URL(`../vectors/${name}.json`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(path));
}

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

const keysFile = await readVectors<SessionKeysFile>("session_keys");

export const sessionKeys: Readonly<Record<VectorParty, SessionKey>> = {
  server: await sessionKeyOf(keysFile.server),
  alice: await sessionKeyOf(keysFile.alice),
  bob: await sessionKeyOf(keysFile.bob),
  carol: await sessionKeyOf(keysFile.carol),
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

async function sessionKeyOf({ jwk, kid, bits }: SessionKeyVector): Promise<SessionKey> {
  const { n } = jwk;
  const announced: SessionJwk = { kty: "RSA", alg: "RSA-OAEP-256", use: "enc", n, e: "AQAB" };
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
  const privateKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["decrypt"]);
  return { privateKey, jwk: announced, kid, bits: bits as RsaBits };
}
