/**
 * Identities that a payer may accept as bob, and those that it must refuse. Each bad one has one
 * fault in its certificate.
 */
import { systemClock } from "../../src/clock.ts";
import type { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import type { Identity } from "../../src/pki/identity.ts";
import {
  dayMs,
  LeafMaker,
  type LeafParts,
  makeParty,
  memberParty,
} from "../pki/certificate_maker.ts";
import { serverIdentity } from "../server/test_server.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

export interface GreetingIdentity {
  readonly title: string;
  readonly identity: Identity;
  /** Part of why it is not trusted; absent where nothing is wrong, for comparison. */
  readonly reason?: string;
}

/**
 * @param bob the real one
 * @param caKey signs what the CA does not issue any more, or not yet
 */
export function greetingIdentities(
  bob: Identity,
  { authority, caKey }: { authority: CertificateAuthority; caKey: SigningKey },
): GreetingIdentity[] {
  const { keys: signingKey, publicKeyInfo } = makeParty();
  const nowMs = systemClock.nowMs();
  const maker = LeafMaker.open(authority.anchor, {
    caKey,
    publicKeyInfo,
    party: memberParty("bob"),
  });
  const withCertificate = (parts: LeafParts): Identity => {
    return { ...bob, signingKey, chain: [maker.make(parts)] };
  };
  return [
    { title: "a good certificate", identity: withCertificate({}) },
    {
      title: "the server's certificate",
      identity: serverIdentity(authority),
      reason: "verify the certificate of a member",
    },
    {
      title: "a self-signed certificate",
      identity: withCertificate({ issuer: "bob", signWith: signingKey }),
      reason: "it was issued by bob, not by micropay CA",
    },
    {
      title: "a certificate of another CA of the same name",
      identity: withCertificate({ signWith: makeParty().keys }),
      reason: "it was not signed by the CA",
    },
    {
      title: "a certificate that expired a minute ago",
      identity: withCertificate({ notAfterMs: nowMs - 60_000 }),
      reason: "expired on",
    },
    {
      title: "a certificate that is valid from tomorrow on",
      identity: withCertificate({
        notBeforeMs: nowMs + dayMs,
        notAfterMs: nowMs + 2 * dayMs,
      }),
      reason: "valid only from",
    },
    {
      title: "its payee's own certificate, without the key",
      identity: { ...bob, signingKey },
      reason: "verify a signature: it is not by the expected key",
    },
  ];
}
