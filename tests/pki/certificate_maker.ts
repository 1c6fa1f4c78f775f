/**
 * Makes certificates, above all wrong ones: each field of the frame can be given as raw DER, and whatever comes out is
 * signed properly, so that a test refuses exactly the one thing that it is about.
 */
import { assertInstanceOf } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { type VerifiedCertificate, verifyChain } from "../../src/pki/certificate_profile.ts";
import { partyUri, type Role } from "../../src/pki/party.ts";
import { exportPublicKey, generateSigningKey } from "../../src/pki/signing_key.ts";
import { readTrustAnchor, type TrustAnchor } from "../../src/pki/trust_anchor.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
} from "../../src/pki/x509.ts";

export type Der = Uint8Array<ArrayBuffer>;

/** The moment at which the tests look: 2026-11-23, noon. */
export const atMs = Date.UTC(2026, 10, 23, 12);
export const dayMs = 86_400_000;

export const ed25519Der = bytes(0x30, 5, 6, 3, 0x2b, 0x65, 0x70);
export const v3Der = bytes(0xa0, 3, 2, 1, 2);

export function bytes(...values: number[]): Der {
  return Uint8Array.from(values);
}

/** One DER element. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Der {
  const length = contents.reduce((sum, { length }) => sum + length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  return Uint8Array.from([head, ...contents.map((content) => [...content])].flat());
}

export interface CertificateParts {
  version?: Der;
  serial?: Der;
  innerAlgorithm?: Der;
  outerAlgorithm?: Der;
  issuer?: Der;
  subject?: Der;
  notBeforeMs?: number;
  notAfterMs?: number;
  publicKeyInfo?: Der;
  /** Between the key and the extensions. */
  uniqueIds?: Der[];
  extensions?: readonly Uint8Array[];
  signWith: CryptoKey;
}

export async function makeCertificate(parts: CertificateParts): Promise<Der> {
  const body = tlv(
    0x30,
    parts.version ?? v3Der,
    tlv(0x02, parts.serial ?? bytes(0x42)),
    parts.innerAlgorithm ?? ed25519Der,
    parts.issuer ?? nameDer("root"),
    tlv(
      0x30,
      timeDer(parts.notBeforeMs ?? atMs - dayMs),
      timeDer(parts.notAfterMs ?? atMs + dayMs),
    ),
    parts.subject ?? nameDer("alice"),
    parts.publicKeyInfo!,
    ...parts.uniqueIds ?? [],
    ...(parts.extensions ? [tlv(0xa3, tlv(0x30, ...parts.extensions))] : []),
  );
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", parts.signWith, body));
  return tlv(0x30, body, parts.outerAlgorithm ?? ed25519Der, tlv(0x03, bytes(0), signature));
}

export function nameDer(...commonNames: string[]): Der {
  return new Uint8Array(new Name(commonNames.map((name) => ({ CN: [name] }))).toArrayBuffer());
}

function timeDer(ms: number): Der {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
  return tlv(0x17, new TextEncoder().encode(digits));
}

export function der(extension: Extension): Der {
  return new Uint8Array(extension.rawData);
}

export const basicConstraints = (ca: boolean, pathLength?: number, critical = true) =>
  der(new BasicConstraintsExtension(ca, pathLength, critical));
export const keyUsage = (usages: number) => der(new KeyUsagesExtension(usages, true));
export const extendedKeyUsage = (...usages: string[]) => der(new ExtendedKeyUsageExtension(usages));
export const alternativeNames = (...names: JsonGeneralNames) =>
  der(new SubjectAlternativeNameExtension(names));
export const uri = (value: string): JsonGeneralNames[number] => ({ type: "url", value });

/** The extensions of a good member's certificate, by name so that a test can take one out or put another in. */
export const memberExtensions = {
  basicConstraints: basicConstraints(false),
  keyUsage: keyUsage(KeyUsageFlags.digitalSignature),
  extendedKeyUsage: extendedKeyUsage(ExtendedKeyUsage.clientAuth),
  alternativeNames: alternativeNames(uri("micropay:account:alice")),
};

export const serverExtensions = {
  ...memberExtensions,
  extendedKeyUsage: extendedKeyUsage(ExtendedKeyUsage.serverAuth),
  alternativeNames: alternativeNames(
    uri("micropay:server"),
    { type: "dns", value: "localhost" },
    { type: "ip", value: "127.0.0.1" },
  ),
};

export const authorityExtensions = {
  basicConstraints: basicConstraints(true, 1),
  keyUsage: keyUsage(KeyUsageFlags.keyCertSign),
};

export interface TestParty {
  readonly keys: CryptoKeyPair;
  readonly publicKeyInfo: Der;
}

export async function makeParty(): Promise<TestParty> {
  const keys = await generateSigningKey();
  return { keys, publicKeyInfo: await exportPublicKey(keys.publicKey) };
}

/** A CA that allows one more below it, and what is needed to issue in its name. */
export class TestAuthority {
  private constructor(
    readonly anchor: TrustAnchor,
    readonly root: TestParty,
    readonly leaf: TestParty,
    readonly middle: TestParty,
  ) {}

  static async make(parts: Partial<CertificateParts> = {}): Promise<TestAuthority> {
    const [root, leaf, middle] = await Promise.all([makeParty(), makeParty(), makeParty()]);
    const certificate = await makeCertificate({
      subject: nameDer("root"),
      publicKeyInfo: root.publicKeyInfo,
      extensions: Object.values(authorityExtensions),
      notAfterMs: atMs + 10 * dayMs,
      signWith: root.keys.privateKey,
      ...parts,
    });
    const anchor = await readTrustAnchor(certificate, { atMs });
    return new TestAuthority(anchor, root, leaf, middle);
  }

  /** A good member's certificate, but for what is given. */
  async member(parts: Partial<CertificateParts> = {}): Promise<Der> {
    return await makeCertificate({
      publicKeyInfo: this.leaf.publicKeyInfo,
      extensions: Object.values(memberExtensions),
      signWith: this.root.keys.privateKey,
      ...parts,
    });
  }

  /** A good server's certificate, but for what is given. */
  async server(parts: Partial<CertificateParts> = {}): Promise<Der> {
    return await this.member({
      subject: nameDer("server"),
      extensions: Object.values(serverExtensions),
      ...parts,
    });
  }

  /** A good CA certificate between root and leaf, but for what is given. */
  async intermediate(parts: Partial<CertificateParts> = {}): Promise<Der> {
    return await this.member({
      subject: nameDer("middle"),
      publicKeyInfo: this.middle.publicKeyInfo,
      extensions: Object.values({
        ...authorityExtensions,
        basicConstraints: basicConstraints(true),
      }),
      ...parts,
    });
  }

  /** A good member's certificate issued by the intermediate. */
  async memberBelow(parts: Partial<CertificateParts> = {}): Promise<Der> {
    return await this.member({
      issuer: nameDer("middle"),
      signWith: this.middle.keys.privateKey,
      ...parts,
    });
  }

  async verify(
    chain: readonly Der[],
    role: Role = "member",
    at: number = atMs,
  ): Promise<VerifiedCertificate> {
    return await verifyChain(chain, { anchor: this.anchor, role, atMs: at });
  }

  /** The error with which a chain is refused; fails when it is accepted, or refused with any other class of error. */
  async refusal(chain: readonly Der[], role: Role = "member"): Promise<CertificateError> {
    let verified;
    try {
      verified = await this.verify(chain, role);
    } catch (error) {
      assertInstanceOf(error, CertificateError);
      return error;
    }
    throw new Error(`accepted as ${partyUri(verified.party)}`);
  }
}
