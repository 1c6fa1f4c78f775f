/**
 * The CA of one ledger: makes itself, and issues the certificates of its server and its members.
 */
import { encodeHex } from "@std/encoding/hex";
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { clockDifferenceMsMax } from "../limits.ts";
import { printable } from "../printable.ts";
import type { Random } from "../random.ts";
import { verifyChain } from "./certificate_profile.ts";
import { parseHost } from "./host.ts";
import { type Party, partyUri } from "./party.ts";
import {
  exportPrivateKeyPem,
  generateSigningKey,
  importPrivateKeyPem,
  publicKeyFingerprint,
} from "./signing_key.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "./trust_anchor.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "./x509.ts";

const dayMs = 86_400_000;

/** A CA is valid for ten years, and so, at most, is everything it issues. */
export const authorityDays = 3_652;

/**
 * How far back a certificate's validity begins. Members' machines have clocks of their own: with a validity from this very
 * second, whoever's clock is a little behind would refuse a certificate that was just issued.
 */
export const backdateMs = clockDifferenceMsMax;

export interface IssueServerOptions {
  readonly publicKey: CryptoKey;
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
  readonly publicKey: CryptoKey;
  readonly atMs: number;
  readonly random: Random;
}

export class CertificateAuthority {
  readonly anchor: TrustAnchor;
  readonly #privateKey: CryptoKey;

  private constructor(anchor: TrustAnchor, privateKey: CryptoKey) {
    this.anchor = anchor;
    this.#privateKey = privateKey;
  }

  /** Makes a new CA; the caller stores the key, or the CA ends with the process. */
  static async create(
    { clock, random }: { clock: Clock; random: Random },
  ): Promise<{ authority: CertificateAuthority; privateKeyPem: string }> {
    const keys = await generateSigningKey();
    const atMs = clock.nowMs();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: makeSerial(random),
      // Part of the name is random so that two CAs are told apart when people look at certificates.
      name: [{ CN: [`micropay CA ${encodeHex(random.bytes(4))}`] }],
      notBefore: new Date(atMs - backdateMs),
      notAfter: new Date(atMs + authorityDays * dayMs),
      keys,
      extensions: [
        // Path length 0: even somebody who got a CA certificate out of this one could not issue with it.
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const privateKeyPem = await exportPrivateKeyPem(keys.privateKey);
    const anchor = await readTrustAnchor(new Uint8Array(certificate.rawData), { atMs });
    const { privateKey } = await importPrivateKeyPem(privateKeyPem);
    return { authority: new CertificateAuthority(anchor, privateKey), privateKeyPem };
  }

  /**
   * Opens a CA from its two files.
   *
   * @throws {CertificateError} when either is not what it has to be at `atMs`, or they do not belong together
   */
  static async open(
    { caPem, caKeyPem, atMs }: { caPem: string; caKeyPem: string; atMs: number },
  ): Promise<CertificateAuthority> {
    const anchor = await readTrustAnchorPem(caPem, { atMs });
    const { privateKey, publicKey } = await importPrivateKeyPem(caKeyPem);
    if (await publicKeyFingerprint(publicKey) !== await publicKeyFingerprint(anchor.publicKey)) {
      throw new CertificateError("open a CA: the key is not the certificate's");
    }
    return new CertificateAuthority(anchor, privateKey);
  }

  /**
   * Issues a server's certificate, as DER.
   *
   * @throws {CertificateError} when a host is none, the days are not a positive whole number, the names make it larger than
   * `certificateBytesMax`, or the CA is not valid at `atMs`
   */
  async issueServer(options: IssueServerOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { hosts, days, atMs, ...rest } = options;
    if (!Number.isSafeInteger(days) || days < 1) {
      throw new CertificateError(`issue a server's certificate: for ${days} days`);
    }
    const party: Party = { role: "server" };
    const names: JsonGeneralNames = [{ type: "url", value: partyUri(party) }];
    for (const text of hosts) {
      const host = parseHost(text);
      if (host === undefined) {
        const value = printable(text);
        throw new CertificateError(`issue a server's certificate: ${value} is no host or address`);
      }
      if (names.some(({ value }) => value === host.value)) continue;
      names.push({ type: host.kind, value: host.value });
    }
    const notAfterMs = Math.min(atMs + days * dayMs, this.anchor.notAfterMs);
    return await this.#issue(party, { ...rest, atMs, names, notAfterMs });
  }

  /**
   * Issues a member's certificate, as DER, valid until the CA's end: an account is for as long as its ledger.
   *
   * @throws {CertificateError} when the key is not acceptable or the CA is not valid at `atMs`
   */
  async issueMember(options: IssueMemberOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { name, ...rest } = options;
    const party: Party = { role: "member", name };
    const names: JsonGeneralNames = [{ type: "url", value: partyUri(party) }];
    return await this.#issue(party, { ...rest, names, notAfterMs: this.anchor.notAfterMs });
  }

  async #issue(party: Party, options: IssueOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { publicKey, atMs, random, names, notAfterMs } = options;
    const isServer = party.role === "server";
    const { serverAuth, clientAuth } = ExtendedKeyUsage;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: makeSerial(random),
      subject: [{ CN: [isServer ? "micropay server" : party.name] }],
      issuer: new Name(this.anchor.subject),
      // Never before the CA itself, which some verifiers refuse.
      notBefore: new Date(Math.max(atMs - backdateMs, this.anchor.notBeforeMs)),
      notAfter: new Date(notAfterMs),
      publicKey,
      signingKey: this.#privateKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([isServer ? serverAuth : clientAuth]),
        new SubjectAlternativeNameExtension(names),
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.anchor.publicKey),
      ],
    });
    const der = new Uint8Array(certificate.rawData);
    // Nothing leaves that our own profile would refuse: a small-order key, too many names, an expired CA.
    await verifyChain([der], { anchor: this.anchor, role: party.role, atMs });
    return der;
  }
}

interface IssueOptions {
  readonly publicKey: CryptoKey;
  readonly atMs: number;
  readonly random: Random;
  readonly names: JsonGeneralNames;
  readonly notAfterMs: number;
}

/** 16 random bytes, in hex. The first is from 0x40 to 0x7f, so that the number is positive and its length always the same. */
function makeSerial(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return encodeHex(bytes);
}
