/**
 * The CA of one ledger: makes itself, and issues the certificates of its server and its members.
 */
import { encodeHex } from "@std/encoding/hex";
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { clockDifferenceMsMax } from "../limits.ts";
import type { Random } from "../random.ts";
import { verifyChain } from "./certificate_profile.ts";
import { type Host, parseHost } from "./host.ts";
import type { Party } from "./party.ts";
import { type PublicKey, SigningKey } from "./signing_key.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "./trust_anchor.ts";
import { authorityCodec, leafCodec, serialBytes } from "./x509/certificate.ts";
import type { Bytes } from "./x509/der.ts";
import { keyIdentifier } from "./x509/extensions.ts";
import { signStructure } from "./x509/signed_structure.ts";

const dayMs = 86_400_000;

/** A CA is valid for ten years, and so, at most, is everything it issues. */
export const authorityDays = 3_652;

/**
 * How far back a certificate's validity begins. Members' machines have clocks of their own: with a validity from this very
 * second, whoever's clock is a little behind would refuse a certificate that was just issued.
 */
export const backdateMs = clockDifferenceMsMax;

export interface IssueServerOptions {
  readonly publicKey: PublicKey;
  /** DNS names and IP addresses, as `parseHost` reads them. */
  readonly hosts: readonly string[];
  /** Days from now, 1 or more; never beyond the CA's own end. */
  readonly days: number;
  readonly atMs: number;
  readonly random: Random;
}

export interface IssueMemberOptions {
  readonly name: AccountName;
  /** As `readCertificateRequest` returned it: that the member holds the private half is not verified here. */
  readonly publicKey: PublicKey;
  readonly atMs: number;
  readonly random: Random;
}

export class CertificateAuthority {
  readonly anchor: TrustAnchor;
  readonly #signingKey: SigningKey;

  private constructor(anchor: TrustAnchor, signingKey: SigningKey) {
    this.anchor = anchor;
    this.#signingKey = signingKey;
  }

  /** Makes a new CA; the caller stores the key, or the CA ends with the process. */
  static create(
    { clock, random }: { clock: Clock; random: Random },
  ): { authority: CertificateAuthority; privateKeyPem: string } {
    const { signingKey, pem: privateKeyPem } = SigningKey.generate();
    const atMs = clock.nowMs();
    const der = signStructure({
      serial: makeSerial(random),
      // Part of the name is random so that two CAs are told apart when people look at certificates.
      name: `micropay CA ${encodeHex(random.bytes(4))}`,
      notBeforeMs: atMs - backdateMs,
      notAfterMs: atMs + authorityDays * dayMs,
      publicKeyInfo: signingKey.publicKey.info,
    }, { codec: authorityCodec, signingKey });
    const anchor = readTrustAnchor(der, { atMs });
    return { authority: new CertificateAuthority(anchor, signingKey), privateKeyPem };
  }

  /**
   * Opens a CA from its two files.
   *
   * @throws {CertificateError} when either is not what it has to be at `atMs`, or they do not belong together
   */
  static open(
    { caPem, caKeyPem, atMs }: { caPem: string; caKeyPem: string; atMs: number },
  ): CertificateAuthority {
    const anchor = readTrustAnchorPem(caPem, { atMs });
    const signingKey = SigningKey.read(caKeyPem);
    if (signingKey.publicKey.fingerprint !== anchor.publicKey.fingerprint) {
      throw new CertificateError("open a CA: the key is not the certificate's");
    }
    return new CertificateAuthority(anchor, signingKey);
  }

  /**
   * Issues a server's certificate, as DER.
   *
   * @throws {CertificateError} when a host is none, the days are not a positive whole number, the names make it larger than
   * `certificateBytesMax`, or the CA is not valid at `atMs`
   */
  issueServer(options: IssueServerOptions): Bytes {
    const { hosts, days, atMs, ...rest } = options;
    if (!Number.isSafeInteger(days) || days < 1) {
      throw new CertificateError(`issue a server's certificate: for ${days} days`);
    }
    const found = new Map<string, Host>();
    for (const text of hosts) {
      const host = parseHost(text);
      if (host === undefined) {
        throw new CertificateError(`issue a server's certificate: ${text} is no host or address`);
      }
      found.set(host.value, host);
    }
    const notAfterMs = Math.min(atMs + days * dayMs, this.anchor.notAfterMs);
    const party: Party = { role: "server" };
    return this.#issue({ ...rest, party, hosts: [...found.values()], atMs, notAfterMs });
  }

  /**
   * Issues a member's certificate, as DER, valid until the CA's end: an account is for as long as its ledger.
   *
   * @throws {CertificateError} when the CA is not valid at `atMs`
   */
  issueMember(options: IssueMemberOptions): Bytes {
    const { name, ...rest } = options;
    const party: Party = { role: "member", name };
    return this.#issue({ ...rest, party, hosts: [], notAfterMs: this.anchor.notAfterMs });
  }

  #issue(options: IssueOptions): Bytes {
    const { party, hosts, publicKey, atMs, random, notAfterMs } = options;
    const { anchor } = this;
    const der = signStructure({
      serial: makeSerial(random),
      issuer: anchor.name,
      // Never before the CA itself: a certificate lies within its CA's dates.
      notBeforeMs: Math.max(atMs - backdateMs, anchor.notBeforeMs),
      notAfterMs,
      party,
      hosts,
      publicKeyInfo: publicKey.info,
      authorityKeyIdentifier: keyIdentifier(anchor.publicKey.info),
    }, { codec: leafCodec, signingKey: this.#signingKey });
    // Nothing leaves that our own profile would refuse: too many names, an expired CA.
    verifyChain([der], { anchor, role: party.role, atMs });
    return der;
  }
}

interface IssueOptions {
  readonly party: Party;
  readonly hosts: readonly Host[];
  readonly publicKey: PublicKey;
  readonly atMs: number;
  readonly random: Random;
  readonly notAfterMs: number;
}

/** Random bytes. The first is from 0x40 to 0x7f, so that the number is positive and its length always the same. */
function makeSerial(random: Random): Bytes {
  const bytes = Uint8Array.from(random.bytes(serialBytes));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}
