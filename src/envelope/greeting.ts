/**
 * The greeting: the accepting side's signed first line, in clear. It announces the session key that
 * messages are sealed to, and the nonce that binds them to this connection. A payee's greeting also
 * shows its newest checkpoint. It contains no secret.
 */
import { isSeconds } from "../clock.ts";
import { EnvelopeError, ProtocolError } from "../errors.ts";
import { clockDifferenceMsMax, greetingLifetimeMs } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { partyUri } from "../pki/party.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { check } from "../protocol/request_type.ts";
import { type SeenCheckpoint, seenCheckpointShape } from "../protocol/seen_checkpoint.ts";
import { importRecipientKey, type RecipientKey, type SessionKey } from "./session_key.ts";

const protocolVersion = 1;
const nonceShape = /^[\w-]{22}$/;

/** A verified greeting. */
export interface Greeting {
  /**
   * The accepting side's certificate, of the trusted CA and the expected role. The caller checks
   * the name.
   */
  readonly certificate: VerifiedCertificate;
  /** 22 characters of base64url. */
  readonly nonce: string;
  readonly sessionKey: RecipientKey;
  /** The accepting side's clock in milliseconds since the epoch, a whole second. */
  readonly issuedAtMs: number;
  /** What a payee shows, and whose signature is not verified yet. A server shows nothing. */
  readonly seen: SeenCheckpoint | undefined;
}

/**
 * Writes a greeting.
 *
 * @param options.nonce 22 characters of base64url, new for each connection
 * @param options.atMs the current time in milliseconds since the epoch
 * @param options.seen the newest checkpoint of a payee
 * @returns the line without its newline
 */
export function writeGreeting(
  { identity, sessionKey, nonce, atMs, seen }: {
    identity: Identity;
    sessionKey: SessionKey;
    nonce: string;
    atMs: number;
    seen?: SeenCheckpoint | undefined;
  },
): string {
  const iat = Math.floor(atMs / 1000);
  const exp = iat + greetingLifetimeMs / 1000;
  const iss = partyUri(identity.party);
  return signDocument(
    "micropay-greeting",
    { v: protocolVersion, iss, iat, exp, nonce, enc: sessionKey.jwk, ...(seen && { seen }) },
    identity,
  );
}

/**
 * Reads and verifies a greeting: its form, certificate chain, signature, version, issuer, dates and
 * key.
 *
 * @param options.atMs the current time in milliseconds since the epoch
 * @throws {EnvelopeError} when one of these checks fails
 * @throws {CertificateError} when the chain does not lead to the anchor or has another role
 */
export async function readGreeting(
  line: string,
  { anchor, role, atMs }: { anchor: TrustAnchor; role: "server" | "member"; atMs: number },
): Promise<Greeting> {
  const document = readDocument(line, { typ: "micropay-greeting", chain: "required" });
  const certificate = verifyChain(document.chain!, { anchor, role, atMs });
  verifyDocument(document, certificate.publicKey);

  const { v, iss, iat, exp, nonce, enc, seen, ...others } = document.payload;
  if (v !== protocolVersion) {
    throw new EnvelopeError(
      `read a greeting: protocol version ${String(v)}, not ${protocolVersion}`,
    );
  }
  if (iss !== partyUri(certificate.party) || Object.keys(others).length > 0) {
    throw new EnvelopeError("read a greeting: its members are not the expected ones");
  }
  if (typeof nonce !== "string" || !nonceShape.test(nonce)) {
    throw new EnvelopeError("read a greeting: no nonce");
  }
  const issuedAtMs = checkDates(iat, exp, atMs);
  return {
    certificate,
    nonce,
    sessionKey: await importRecipientKey(enc),
    issuedAtMs,
    seen: seen === undefined ? undefined : readSeen(seen, { role }),
  };
}

function readSeen(
  seen: unknown,
  { role }: { readonly role: "server" | "member" },
): SeenCheckpoint {
  const attempt = "read a greeting";
  if (role === "server") throw new EnvelopeError(`${attempt}: a server shows a checkpoint in it`);
  try {
    return check(seenCheckpointShape, seen, attempt);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new EnvelopeError(cause.message, { cause });
  }
}

function checkDates(iat: unknown, exp: unknown, atMs: number): number {
  if (!isSeconds(iat) || !isSeconds(exp)) {
    throw new EnvelopeError("read a greeting: no dates");
  }
  const [issuedAtMs, expiresAtMs] = [iat * 1000, exp * 1000];
  if (issuedAtMs > atMs + clockDifferenceMsMax || expiresAtMs < atMs - clockDifferenceMsMax) {
    const [from, to, now] = [issuedAtMs, expiresAtMs, atMs].map(dateText);
    const hours = Math.round(Math.abs(atMs - issuedAtMs) / 3_600_000);
    throw new EnvelopeError(
      `read a greeting: it is valid from ${from} to ${to}, and this machine's clock says ${now}, ` +
        `${hours} hours from the other side's; set the clock that is wrong`,
    );
  }
  return issuedAtMs;
}

/** Returns a date as text. An invalid date from the other side stays a number. */
function dateText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
