/**
 * Which certificates are believed: those that this program issues, and no others.
 *
 * A chain is one leaf below the CA, because `gencert` makes no certificates between them. So there is no path to look for.
 */
import { BoundedMap } from "../bounded_map.ts";
import { CertificateError } from "../errors.ts";
import { chainCertificatesMax } from "../limits.ts";
import type { Party, Role } from "./party.ts";
import { PublicKey, sha256Hex } from "./signing_key.ts";
import type { TrustAnchor } from "./trust_anchor.ts";
import { leafCodec, type LeafContents } from "./x509/certificate.ts";
import { type Bytes, equalBytes } from "./x509/der.ts";
import { keyIdentifier } from "./x509/extensions.ts";
import { isSignedBy, readStructure } from "./x509/signed_structure.ts";
import { checkDates, type Validity } from "./x509/validity.ts";

/** A certificate that was verified up to the anchor, for its role, at one moment. It lies within the dates of the anchor. */
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
   * Wall-clock time in milliseconds since the epoch; a function where it depends on the leaf's own
   * dates.
   */
  readonly atMs: number | ((leaf: Validity) => number);
}

/**
 * Verifies a chain: the leaf, and after it the anchor or nothing.
 *
 * Verified: the leaf is exactly what this program issues for its contents, for a party of the role; the anchor's key signed it; its
 * dates lie within the anchor's, and `atMs` within them; its key is of prime order. Not verified: that the sender holds the key (a
 * signature does that), host names (the party is the identity; addresses change), revocation (there is none: the ledger knows
 * accounts).
 *
 * @throws {CertificateError} whatever is wrong, and nothing else
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
  // Before the dates are looked at: they are looked at every time.
  verifiedLeaves.set(key, certificate);
  const usedAtMs = typeof atMs === "number" ? atMs : atMs(certificate);
  checkDates(certificate, { what: `the certificate of a ${role}`, atMs: usedAtMs });
  return certificate;
}

/**
 * Leaves remembered at a time: more than the members of any group this is for. About 2 KiB each.
 * Past it: the one used longest ago is verified again.
 */
export const verifiedLeavesMax = 2000;

/**
 * Leaves that were verified before, by all that the result depends on but the dates: role, anchor
 * and bytes. Verifying one takes over a millisecond, and the same few leaves come again with every
 * connection, order and receipt. What the ledger knows of revoked certificates is not the business
 * of chains.
 */
const verifiedLeaves = new BoundedMap<string, VerifiedCertificate>(verifiedLeavesMax);

function verifyLeaf(
  leaf: Bytes,
  fingerprint: string,
  { anchor, role }: Pick<VerifyChainOptions, "anchor" | "role">,
): VerifiedCertificate {
  const { der, contents, ...signed } = readStructure(leaf, leafCodec);
  const { party, notBeforeMs, notAfterMs } = contents;
  if (party.role !== role) throw refused(role, `it is a ${party.role}'s`);
  checkIssuer(contents, { anchor, role });
  if (!isSignedBy(signed, anchor.publicKey)) throw refused(role, "it was not signed by the CA");
  const publicKey = PublicKey.read(contents.publicKeyInfo);
  return { party, publicKey, der, fingerprint, notBeforeMs, notAfterMs };
}

/** Number and root are checked before anything is parsed. */
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
    throw refused(role, `it was issued by ${issuer.slice(0, 80)}, not by ${anchor.name}`);
  }
  const identifier = keyIdentifier(anchor.publicKey.info);
  if (!equalBytes(authorityKeyIdentifier, identifier)) {
    throw refused(role, "it was issued by another CA");
  }
  if (notBeforeMs < anchor.notBeforeMs || notAfterMs > anchor.notAfterMs) {
    throw refused(role, "its dates go beyond the CA's");
  }
}

function refused(role: Role, why: string): CertificateError {
  return new CertificateError(`verify the certificate of a ${role}: ${why}`);
}
