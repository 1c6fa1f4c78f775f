/**
 * The certificates that the ledger says it issued, each looked at again.
 */
import { CertificateError } from "../errors.ts";
import type { LedgerSnapshot, StoredCertificate } from "../ledger/snapshot.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { decodeInstant } from "./stored_instant.ts";

export interface IssuedCertificate {
  readonly owner: string;
  /** Absent while it is valid. */
  readonly revokedAtMs: number | undefined;
}

export interface IssuedCertificates {
  /** Those in order, by the SHA-256 fingerprint of each: what an order may have been signed under. */
  readonly byFingerprint: ReadonlyMap<string, IssuedCertificate>;
  /** Everybody who ever had one. */
  readonly owners: ReadonlySet<string>;
  /** A sentence about the first that is not in order. */
  readonly fault: string | undefined;
}

/** Verifies every certificate: this CA issued it, it is what its row says, and no account has two that are valid. */
export async function readCertificates(
  snapshot: LedgerSnapshot,
  anchor: TrustAnchor,
): Promise<IssuedCertificates> {
  const byFingerprint = new Map<string, IssuedCertificate>();
  const [owners, holders] = [new Set<string>(), new Set<string>()];
  let fault: string | undefined;
  for (const row of snapshot.certificates()) {
    const { fingerprint, username, revoked_at } = row;
    const owner = String(username);
    const second = revoked_at === null && holders.has(owner);
    const reason = await certificateFault(row, anchor) ??
      (second ? "its account has another one that is not revoked either" : undefined);
    if (reason === undefined) {
      const revokedAtMs = decodeInstant(revoked_at);
      byFingerprint.set(String(fingerprint), { owner, revokedAtMs });
    } else {
      const shown = String(fingerprint).slice(0, 16);
      fault ??= `the certificate ${shown}… of ${owner.slice(0, 80)}: ${reason}`;
    }
    owners.add(owner);
    if (revoked_at === null) holders.add(owner);
  }
  return { byFingerprint, owners, fault };
}

async function certificateFault(
  { der, fingerprint, key_fingerprint, username, issued_at, revoked_at }: StoredCertificate,
  anchor: TrustAnchor,
): Promise<string | undefined> {
  if (!(der instanceof Uint8Array)) return "it is not there";
  const atMs = decodeInstant(issued_at);
  if (atMs === undefined) return "when it was issued is not written as it has to be";
  if (revoked_at !== null && decodeInstant(revoked_at) === undefined) {
    return "when it was revoked is not written as it has to be";
  }
  try {
    const chain = [new Uint8Array(der)];
    const certificate = await verifyChain(chain, { anchor, role: "member", atMs });
    const { party } = certificate;
    const agrees = certificate.fingerprint === fingerprint &&
      certificate.keyFingerprint === key_fingerprint &&
      party.role === "member" && party.name === username;
    return agrees ? undefined : "its row says something else than it";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.message;
  }
}
