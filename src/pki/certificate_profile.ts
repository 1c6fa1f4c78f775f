/**
 * The certificate profile: this program accepts exactly the certificates that it issues. A chain is
 * one leaf below the CA, so there is no path to search.
 */
import { BoundedMap } from "../bounded_map.ts";
import { CertificateError } from "../errors.ts";
import { chainCertificatesMax } from "../limits.ts";
import type { Party, Role } from "./party.ts";
import { PublicKey, sha256Hex } from "./signing_key.ts";
import type { TrustAnchor } from "./trust_anchor.ts";
import { leafCodec, type LeafContents } from "./x509/certificate.ts";
import { type Bytes, equalBytes, readDer } from "./x509/der.ts";
import { keyIdentifier } from "./x509/extensions.ts";
import { readStructure } from "./x509/signed_structure.ts";
import { checkDates, type Validity } from "./x509/validity.ts";

/**
 * A certificate that {@link verifyChain} accepted for its role. Its dates lie within the anchor's.
 */
export interface VerifiedCertificate extends Validity {
  readonly party: Party;
  readonly publicKey: PublicKey;
  readonly der: Bytes;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly fingerprint: string;
}

export interface VerifyChainOptions {
  readonly anchor: TrustAnchor;
  readonly role: Role;
  /**
   * Wall-clock time in milliseconds since the epoch, or a function that computes it from the leaf's
   * dates.
   */
  readonly atMs: number | ((leaf: Validity) => number);
}

/**
 * Verifies a chain and returns its leaf.
 *
 * Verified: the leaf has exactly the bytes that this program would issue for its contents. Its
 * party has the role. The anchor's key signed it. Its dates lie within the anchor's, and `atMs`
 * within them. Its key has prime order.
 *
 * Not verified: that the sender holds the key, which a signature shows; host names, because the
 * party is the identity; revocation, which the ledger knows.
 *
 * @param chain certificates in DER: the leaf, optionally followed by the anchor
 * @throws {CertificateError} for any other chain, and no other error
 */
export function verifyChain(
  chain: readonly Bytes[],
  options: VerifyChainOptions,
): VerifiedCertificate {
  const { anchor, role, atMs } = options;
  const leaf = leafOf(chain, anchor);
  const fingerprint = sha256Hex(leaf);
  const key = `${role}.${anchor.fingerprint}.${fingerprint}`;
  const certificate = verifiedLeaves.get(key) ?? verifyLeaf(leaf, fingerprint, options);
  // Remembered before the dates are checked, because they are checked each time.
  verifiedLeaves.set(key, certificate);
  const usedAtMs = typeof atMs === "number" ? atMs : atMs(certificate);
  checkDates(certificate, { what: `the certificate of a ${role}`, atMs: usedAtMs });
  return certificate;
}

/**
 * Most verified leaves in memory, about 2 KiB each: more than the members of a group. Past it: the
 * least recently used leaf is verified again.
 */
export const verifiedLeavesMax = 2000;

/**
 * Verified leaves by role, anchor and fingerprint: all that the result depends on, except the
 * dates. Verifying a leaf takes over a millisecond, and the same few leaves come with each
 * connection, order and receipt.
 */
const verifiedLeaves = new BoundedMap<string, VerifiedCertificate>(verifiedLeavesMax);

function verifyLeaf(
  leaf: Bytes,
  fingerprint: string,
  { anchor, role }: Pick<VerifyChainOptions, "anchor" | "role">,
): VerifiedCertificate {
  const { der, contents, signedBytes, signature } = readStructure(leaf, leafCodec);
  const { party, notBeforeMs, notAfterMs } = contents;
  if (party.role !== role) throw refusal(role, `it is a ${party.role}'s`);
  checkIssuer(contents, { anchor, role });
  if (!anchor.publicKey.verify(signedBytes, signature)) {
    throw refusal(role, "it was not signed by the CA");
  }
  const publicKey = PublicKey.read(contents.publicKeyInfo);
  return { party, publicKey, der, fingerprint, notBeforeMs, notAfterMs };
}

/**
 * Reads a certificate that {@link verifyChain} accepted before, from the same bytes. Nothing is
 * verified, which takes a fraction of the time.
 *
 * @throws {CertificateError} when it cannot be read
 */
export function rereadCertificate(der: Bytes): VerifiedCertificate {
  const [body] = readDer(der).children;
  const { party, notBeforeMs, notAfterMs, publicKeyInfo } = leafCodec.readBody(body!);
  const publicKey = PublicKey.reread(publicKeyInfo);
  return { party, publicKey, der, fingerprint: sha256Hex(der), notBeforeMs, notAfterMs };
}

/** Returns the chain's first certificate. Checks length and root before anything is parsed. */
function leafOf(chain: readonly Bytes[], anchor: TrustAnchor): Bytes {
  const [leaf, root] = chain;
  if (leaf === undefined) throw new CertificateError("verify a chain: it is empty");
  if (chain.length > chainCertificatesMax) {
    const count = `${chain.length} certificates, more than ${chainCertificatesMax}`;
    throw new CertificateError(`verify a chain: ${count}`);
  }
  if (root !== undefined && !equalBytes(root, anchor.der)) {
    throw new CertificateError("verify a chain: it does not end in the CA that is trusted");
  }
  return leaf;
}

function checkIssuer(
  { issuer, authorityKeyIdentifier, notBeforeMs, notAfterMs }: LeafContents,
  { anchor, role }: Pick<VerifyChainOptions, "anchor" | "role">,
): void {
  if (issuer !== anchor.name) {
    throw refusal(role, `it was issued by ${issuer.slice(0, 80)}, not by ${anchor.name}`);
  }
  const identifier = keyIdentifier(anchor.publicKey.info);
  if (!equalBytes(authorityKeyIdentifier, identifier)) {
    throw refusal(role, "it was issued by another CA");
  }
  if (notBeforeMs < anchor.notBeforeMs || notAfterMs > anchor.notAfterMs) {
    throw refusal(role, "its dates go beyond the CA's");
  }
}

function refusal(role: Role, why: string): CertificateError {
  return new CertificateError(`verify the certificate of a ${role}: ${why}`);
}
