/**
 * What the server says in clear before the greeting when it already serves as many as it may: a signed line with the place in
 * the waiting room, again whenever the place changes; or that the room is full, after which it closes.
 */
import { isSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { partyUri } from "../pki/party.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";

/** A place from 1, the next to be served; or no place at all. */
export type WaitingNotice = { readonly place: number } | { readonly full: true };

/** @returns the line, without its newline */
export async function writeWaiting(
  notice: WaitingNotice,
  { identity, atMs }: { identity: Identity; atMs: number },
): Promise<string> {
  const payload = {
    v: 1,
    iss: partyUri(identity.party),
    iat: Math.floor(atMs / 1000),
    // One member for both: 0 is the place of somebody who has none.
    place: "place" in notice ? notice.place : 0,
  };
  return await signDocument("micropay-waiting", payload, identity);
}

/**
 * Tells by its header whether a line is a waiting line, so that its reader knows which of the two to read. Nothing is verified.
 */
export function isWaiting(line: string): boolean {
  try {
    readDocument(line, { typ: "micropay-waiting", chain: "required" });
    return true;
  } catch {
    return false;
  }
}

/**
 * @throws {EnvelopeError} when it is not a waiting line signed by the server
 * @throws {CertificateError} when the certificate is not a good server's
 */
export async function readWaiting(
  line: string,
  { anchor, atMs }: { anchor: TrustAnchor; atMs: number },
): Promise<WaitingNotice> {
  const document = readDocument(line, { typ: "micropay-waiting", chain: "required" });
  const certificate = await verifyChain(document.chain!, { anchor, role: "server", atMs });
  await verifyDocument(document, certificate.publicKey);
  const { v, iss, iat, place, ...others } = document.payload;
  const expected = v === 1 && iss === partyUri(certificate.party) && isSeconds(iat) &&
    Number.isSafeInteger(place) && Object.keys(others).length === 0;
  if (!expected || (place as number) < 0) {
    throw new EnvelopeError("read a waiting line: its members are not the expected ones");
  }
  return place === 0 ? { full: true } : { place: place as number };
}
