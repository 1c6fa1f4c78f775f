/**
 * Whom a payer may take for bob, and whom it must not: each differs from a good one by one thing that is wrong with its certificate.
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
export async function greetingIdentities(
  bob: Identity,
  { authority, caKey }: { authority: CertificateAuthority; caKey: CryptoKey },
): Promise<GreetingIdentity[]> {
  const { keys: { privateKey }, publicKeyInfo } = await makeParty();
  const nowMs = systemClock.nowMs();
  const maker = await LeafMaker.open(authority.anchor, {
    caKey,
    publicKeyInfo,
    party: memberParty("bob"),
  });
  const withCertificate = async (parts: LeafParts): Promise<Identity> => {
    return { ...bob, privateKey, chain: [await maker.make(parts)] };
  };
  return [
    { title: "a good certificate", identity: await withCertificate({}) },
    {
      title: "the server's certificate",
      identity: await serverIdentity(authority),
      reason: "verify the certificate of a member",
    },
    {
      title: "a self-signed certificate",
      identity: await withCertificate({ issuer: "bob", signWith: privateKey }),
      reason: "it was issued by bob, not by micropay CA",
    },
    {
      title: "a certificate of another CA of the same name",
      identity: await withCertificate({ signWith: (await makeParty()).keys.privateKey }),
      reason: "it was not signed by the CA",
    },
    {
      title: "a certificate that expired a minute ago",
      identity: await withCertificate({ notAfterMs: nowMs - 60_000 }),
      reason: "expired on",
    },
    {
      title: "a certificate that is valid from tomorrow on",
      identity: await withCertificate({
        notBeforeMs: nowMs + dayMs,
        notAfterMs: nowMs + 2 * dayMs,
      }),
      reason: "valid only from",
    },
    {
      title: "its payee's own certificate, without the key",
      identity: { ...bob, privateKey },
      reason: "verify a signature: it is not by the expected key",
    },
  ];
}
