/**
 * A ledger's certificate authority (CA). It issues the certificates of the server and the members.
 */
import { encodeHex } from "@std/encoding/hex";
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { clockDifferenceMsMax } from "../limits.ts";
import type { Random } from "../random.ts";
import { verifyChain } from "./certificate_profile.ts";
import { type Host, parseHost } from "./host.ts";
import { type PublicKey, SigningKey } from "./signing_key.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "./trust_anchor.ts";
import { authorityCodec, leafCodec, type LeafContents, serialBytes } from "./x509/certificate.ts";
import type { Bytes } from "./x509/der.ts";
import { keyIdentifier } from "./x509/extensions.ts";
import { signStructure } from "./x509/signed_structure.ts";

const dayMs = 86_400_000;

/** Days that a CA is valid: ten years. No certificate outlives the CA that issued it. */
export const authorityDays = 3_652;

/**
 * Milliseconds by which a certificate's validity starts before its issue. Members' clocks may run
 * behind: with a start at this very second, they would refuse a new certificate.
 */
export const backdateMs = clockDifferenceMsMax;

/** The parts of an issue that both kinds of certificate need. */
interface Issue {
  readonly publicKey: PublicKey;
  /** Wall-clock time in milliseconds since the epoch. */
  readonly atMs: number;
  readonly random: Random;
}

/** What {@link CertificateAuthority.issueServer} certifies. */
export interface IssueServerOptions extends Issue {
  /** DNS names and IP addresses in the form that `parseHost` reads. */
  readonly hosts: readonly string[];
  /** Days from now, 1 or more. The CA's own end limits them. */
  readonly days: number;
}

/**
 * What {@link CertificateAuthority.issueMember} certifies. The key comes from
 * `readCertificateRequest`, which checked that the member holds the private half.
 */
export interface IssueMemberOptions extends Issue {
  readonly name: AccountName;
}

export class CertificateAuthority {
  readonly anchor: TrustAnchor;
  readonly #signingKey: SigningKey;

  private constructor(anchor: TrustAnchor, signingKey: SigningKey) {
    this.anchor = anchor;
    this.#signingKey = signingKey;
  }

  /**
   * Makes a new CA. The caller must store the key, because the CA cannot be opened without it.
   *
   * @param options the clock for the validity, and the randomness for the name and the serial
   * number
   * @returns the CA, and its private key as PKCS#8 in PEM
   * @example
   * ```ts
   * import { systemClock } from "../clock.ts";
   * import { systemRandom } from "../random.ts";
   *
   * const machine = { clock: systemClock, random: systemRandom };
   * const { authority, privateKeyPem } = CertificateAuthority.create(machine);
   * ```
   */
  static create(
    { clock, random }: { clock: Clock; random: Random },
  ): { authority: CertificateAuthority; privateKeyPem: string } {
    const { signingKey, pem: privateKeyPem } = SigningKey.generate();
    const atMs = clock.nowMs();
    const der = signStructure({
      serial: makeSerial(random),
      // A random part in the name lets people tell two CAs apart.
      name: `micropay CA ${encodeHex(random.bytes(4))}`,
      notBeforeMs: atMs - backdateMs,
      notAfterMs: atMs + authorityDays * dayMs,
      publicKeyInfo: signingKey.publicKey.info,
    }, { codec: authorityCodec, signingKey });
    const anchor = readTrustAnchor(der, { atMs });
    return { authority: new CertificateAuthority(anchor, signingKey), privateKeyPem };
  }

  /**
   * Opens a CA from the texts of its two files.
   *
   * @param options.caPem the CA certificate in PEM
   * @param options.caKeyPem its private key, PKCS#8 in PEM
   * @param options.atMs wall-clock time in milliseconds since the epoch
   * @throws {CertificateError} when the certificate is not a CA's or not valid at `atMs`, or the
   * key is not its Ed25519 key
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
   * Issues a server certificate.
   *
   * @returns the certificate in DER
   * @throws {CertificateError} when a host or `days` is not valid, the certificate is longer than
   * `certificateBytesMax`, or the CA is not valid at `atMs`
   */
  issueServer(options: IssueServerOptions): Bytes {
    const { hosts, days, atMs } = options;
    if (!Number.isSafeInteger(days) || days < 1) {
      throw new CertificateError(
        `issue a server's certificate: ${days} days, expected a whole number from 1`,
      );
    }
    const found = new Map<string, Host>();
    for (const text of hosts) {
      const host = parseHost(text);
      if (host === undefined) {
        throw new CertificateError(
          `issue a server's certificate: ${text} is not a host or IP address`,
        );
      }
      found.set(host.value, host);
    }
    const notAfterMs = Math.min(atMs + days * dayMs, this.anchor.notAfterMs);
    const party = { role: "server" } as const;
    return this.#issue(options, { party, hosts: [...found.values()], notAfterMs });
  }

  /**
   * Issues a member certificate. It is valid as long as the CA, because accounts do not expire.
   *
   * @returns the certificate in DER
   * @throws {CertificateError} when the CA is not valid at `atMs`
   */
  issueMember(options: IssueMemberOptions): Bytes {
    const party = { role: "member", name: options.name } as const;
    return this.#issue(options, { party, hosts: [], notAfterMs: this.anchor.notAfterMs });
  }

  #issue(
    { publicKey, atMs, random }: Issue,
    { party, hosts, notAfterMs }: Pick<LeafContents, "party" | "hosts" | "notAfterMs">,
  ): Bytes {
    const { anchor } = this;
    const der = signStructure({
      serial: makeSerial(random),
      issuer: anchor.name,
      // A certificate must lie within its CA's dates.
      notBeforeMs: Math.max(atMs - backdateMs, anchor.notBeforeMs),
      notAfterMs,
      party,
      hosts,
      publicKeyInfo: publicKey.info,
      authorityKeyIdentifier: keyIdentifier(anchor.publicKey.info),
    }, { codec: leafCodec, signingKey: this.#signingKey });
    // Our own profile must accept the result. It refuses too many names, or an expired CA.
    verifyChain([der], { anchor, role: party.role, atMs });
    return der;
  }
}

/**
 * Returns a random serial number. Its first byte is 0x40 to 0x7f, so that the number is positive
 * and always has the same length.
 */
function makeSerial(random: Random): Bytes {
  const bytes = Uint8Array.from(random.bytes(serialBytes));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}
