/**
 * Which certificates are believed: a small profile of RFC 5280 that refuses whatever it does not know.
 *
 * The library's own chain builder is not used: it tries alternate paths (so an attacker chooses how long it takes) and
 * checks no extension at all. Here the sender gives the one path, in order, and it holds or it does not.
 */
import { CertificateError } from "../errors.ts";
import { chainCertificatesMax } from "../limits.ts";
import { printable } from "../printable.ts";
import {
  catchingAll,
  type CertificateFields,
  checkDates,
  isSignedBy,
  readCertificateFields,
} from "./certificate_fields.ts";
import { equalBytes } from "./der.ts";
import { parsePartyUri, type Party, type Role } from "./party.ts";
import { importPublicKey, publicKeyFingerprint, sha256Hex } from "./signing_key.ts";
import { checkAuthority, type TrustAnchor } from "./trust_anchor.ts";
import { chainKey, VerifiedChains, verifiedChainsMax } from "./verified_chains.ts";
import { ExtendedKeyUsage, KeyUsageFlags } from "./x509.ts";

/** A certificate that was verified up to the anchor, for its role, at one moment. */
export interface VerifiedCertificate {
  readonly party: Party;
  readonly publicKey: CryptoKey;
  readonly der: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, 64 lower-case hex digits. */
  readonly keyFingerprint: string;
  /** When the first certificate of its chain ends, the anchor included: whoever keeps the result has to look again. */
  readonly notAfterMs: number;
}

export interface VerifyChainOptions {
  readonly anchor: TrustAnchor;
  readonly role: Role;
  /** Wall-clock time in milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * Verifies a chain, leaf first; the root may stand at its end, where it has to be the anchor, or be left out.
 *
 * Verified: everything in design "Identities and keys": size and number, v3, Ed25519 everywhere, dates, names chaining byte
 * for byte, each signature, CA profile and path length of issuers, and of the leaf that it is no CA, may sign, has exactly
 * the purpose of the role, and names exactly one party. Not verified: that the sender holds the key (a signature does
 * that), host names (the party is the identity; addresses change), revocation (there is none: the ledger knows accounts).
 *
 * @throws {CertificateError} whatever is wrong, and nothing else
 */
export async function verifyChain(
  chain: readonly Uint8Array<ArrayBuffer>[],
  options: VerifyChainOptions,
): Promise<VerifiedCertificate> {
  const key = chainKey(chain, options);
  const known = verifiedChains.get(key, options.atMs);
  if (known) return known;
  const { result, notBeforeMs } = await verifyAnew(chain, options);
  verifiedChains.set(key, { result, notBeforeMs, notAfterMs: result.notAfterMs });
  return result;
}

const verifiedChains = new VerifiedChains<VerifiedCertificate>(verifiedChainsMax);

async function verifyAnew(
  chain: readonly Uint8Array<ArrayBuffer>[],
  options: VerifyChainOptions,
): Promise<{ result: VerifiedCertificate; notBeforeMs: number }> {
  const { anchor, role, atMs } = options;
  const certificates = readChain(chain, anchor);
  const [leaf, ...issuers] = certificates;
  if (leaf === undefined) throw refused(role, "the chain is empty");
  for (const certificate of certificates) checkDates(certificate, atMs);
  checkAnchorDates(anchor, options);
  for (const issuer of issuers) checkAuthority(issuer);
  checkPathLengths(issuers, options);
  const party = catchingAll("verify a certificate", () => checkLeaf(leaf, role));
  await checkSignatures(certificates, options);
  const publicKey = await importPublicKey(leaf.publicKeyInfo);
  const result = {
    party,
    publicKey,
    der: leaf.der,
    fingerprint: await sha256Hex(leaf.der),
    keyFingerprint: await publicKeyFingerprint(publicKey),
    notAfterMs: Math.min(anchor.notAfterMs, ...certificates.map((one) => one.notAfterMs)),
  };
  const notBeforeMs = Math.max(anchor.notBeforeMs, ...certificates.map((one) => one.notBeforeMs));
  return { result, notBeforeMs };
}

/** The certificates below the anchor. Sizes and number are checked before anything is parsed. */
function readChain(
  chain: readonly Uint8Array<ArrayBuffer>[],
  anchor: TrustAnchor,
): CertificateFields[] {
  if (chain.length > chainCertificatesMax) {
    const count = `${chain.length} certificates, more than ${chainCertificatesMax}`;
    throw new CertificateError(`verify a chain: ${count}`);
  }
  const last = chain.at(-1);
  const endsInRoot = chain.length > 1 && last !== undefined && equalBytes(last, anchor.der);
  const below = endsInRoot ? chain.slice(0, -1) : chain;
  if (below.length >= chainCertificatesMax) {
    const count = `${below.length} certificates and not the CA at their end`;
    throw new CertificateError(`verify a chain: ${count}`);
  }
  return below.map((der) => readCertificateFields(der));
}

function checkAnchorDates({ notBeforeMs, notAfterMs }: TrustAnchor, options: VerifyChainOptions) {
  const { atMs, role } = options;
  if (notBeforeMs <= atMs && atMs <= notAfterMs) return;
  throw refused(role, "the CA's certificate has expired or is not valid yet");
}

/** RFC 5280 section 4.2.1.9: a CA's path length counts the CA certificates between it and the leaf. */
function checkPathLengths(issuers: readonly CertificateFields[], options: VerifyChainOptions) {
  const limits = issuers.map(({ extensions }) => extensions.basicConstraints?.pathLength);
  for (const [below, limit] of [...limits, options.anchor.pathLength].entries()) {
    if (limit !== undefined && below > limit) {
      throw refused(options.role, `${below} CA certificates below one that allows ${limit}`);
    }
  }
}

/** Each certificate by the next one's key and under its name, the last by the anchor's. */
async function checkSignatures(
  certificates: readonly CertificateFields[],
  { anchor, role }: VerifyChainOptions,
): Promise<void> {
  // From the root down, so that a key is used only after the certificate it stands in was verified.
  let issuer = { subject: anchor.subject, publicKey: anchor.publicKey };
  for (const certificate of certificates.toReversed()) {
    if (!equalBytes(certificate.issuer, issuer.subject)) {
      throw refused(role, "it was issued under another CA's name");
    }
    if (!await isSignedBy(certificate.signed, issuer.publicKey)) {
      throw refused(role, "it was not signed by the CA");
    }
    const publicKey = await importPublicKey(certificate.publicKeyInfo);
    issuer = { subject: certificate.subject, publicKey };
  }
}

const purposes: Record<Role, string> = {
  server: ExtendedKeyUsage.serverAuth,
  member: ExtendedKeyUsage.clientAuth,
};

function checkLeaf(leaf: CertificateFields, role: Role): Party {
  const { basicConstraints, keyUsage, extendedKeyUsage } = leaf.extensions;
  if (basicConstraints === undefined || !basicConstraints.critical) {
    throw refused(role, "no critical basicConstraints");
  }
  if (basicConstraints.ca || basicConstraints.pathLength !== undefined) {
    throw refused(role, "it is a CA's");
  }
  if (keyUsage !== KeyUsageFlags.digitalSignature) {
    throw refused(role, "its key usage is not digitalSignature alone");
  }
  // Exactly one purpose: with both, a member's certificate would pass as the server's.
  if (extendedKeyUsage?.length !== 1 || extendedKeyUsage[0] !== purposes[role]) {
    throw refused(role, `its extended key usage is not ${purposes[role]} alone`);
  }
  return readParty(leaf, role);
}

/** The party from the alternative names only: the CN is never a source, it may only agree. */
function readParty(leaf: CertificateFields, role: Role): Party {
  const names = leaf.extensions.alternativeNames ?? [];
  const uris = names.filter(({ type }) => type === "url");
  const uri = uris[0]?.value;
  if (uris.length !== 1 || uri === undefined) {
    throw refused(role, `${uris.length} URIs among its alternative names, not one`);
  }
  const party = parsePartyUri(uri);
  if (party === undefined) throw refused(role, `${printable(uri.slice(0, 80))} is no party`);
  if (party.role !== role) throw refused(role, `it is a ${party.role}'s`);
  if (names.some(({ type }) => type !== "url" && type !== "dns" && type !== "ip")) {
    throw refused(role, "an alternative name that is no URI, host or address");
  }
  if (party.role === "server") return party;
  if (names.length !== 1) throw refused(role, "a member with more than one alternative name");
  const [commonName] = leaf.commonNames;
  if (leaf.commonNames.length !== 1 || commonName !== party.name) {
    throw refused(role, `its common name is not ${party.name}`);
  }
  return party;
}

function refused(role: Role, why: string): CertificateError {
  return new CertificateError(`verify the certificate of a ${role}: ${why}`);
}
