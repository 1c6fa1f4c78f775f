/**
 * Verifies the certificates that the ledger stores.
 */
import { CertificateError } from "../errors.ts";
import { issuingAccount } from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredCertificate, StoredValue } from "../ledger/snapshot.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { decodeInstant } from "../ledger/stored_rows.ts";

/** The certificates of a ledger, after their verification. */
export interface IssuedCertificates {
  /**
   * The account of each member's correct certificate, by SHA-256 fingerprint. Orders of members may
   * be signed under these.
   */
  readonly owners: ReadonlyMap<string, string>;
  /** The certificate of each account's registration, by account name. No reissue gave it. */
  readonly registered: ReadonlyMap<string, string>;
  /** A sentence about the first wrong certificate. */
  readonly fault: string | undefined;
}

/**
 * Verifies all certificates. This CA issued each of them, and its row matches it. No member has
 * two certificates from its registration, or two for one key.
 */
export function readCertificates(
  snapshot: LedgerSnapshot,
  anchor: TrustAnchor,
): IssuedCertificates {
  const reissued = new Set<StoredValue>();
  for (const { kind, certificate } of snapshot.changes()) {
    if (kind === "reissue") reissued.add(certificate);
  }
  const [owners, registered] = [new Map<string, string>(), new Map<string, string>()];
  const keys = new Set<string>();
  let fault: string | undefined;
  for (const row of snapshot.certificates()) {
    const [fingerprint, owner] = [String(row.fingerprint), String(row.username)];
    const key = JSON.stringify([owner, String(row.key_fingerprint)]);
    const isServers = owner === issuingAccount;
    const isSurplus = !isServers && !reissued.has(row.fingerprint) && registered.has(owner);
    const reason = certificateFault(row, anchor) ??
      (isSurplus ? "neither the account's registration nor a reissue gave it" : undefined) ??
      (keys.has(key) ? "the account had its key before" : undefined);
    if (reason !== undefined) {
      const shown = fingerprint.slice(0, 16);
      fault ??= `the certificate ${shown}… of ${owner.slice(0, 80)}: ${reason}`;
    }
    if (isServers) continue;
    if (reason === undefined) owners.set(fingerprint, owner);
    if (!reissued.has(row.fingerprint) && !isSurplus) registered.set(owner, fingerprint);
    keys.add(key);
  }
  return { owners, registered, fault };
}

/** @returns a sentence about why a certificate is not one of its account, or of the server */
function certificateFault(
  { der, fingerprint, key_fingerprint, username, issued_at }: StoredCertificate,
  anchor: TrustAnchor,
): string | undefined {
  if (!(der instanceof Uint8Array)) return "it is not there";
  const atMs = decodeInstant(issued_at);
  if (atMs === undefined) return "when it was issued is not written as it has to be";
  const role = username === issuingAccount ? "server" : "member";
  try {
    const chain = [new Uint8Array(der)];
    const certificate = verifyChain(chain, { anchor, role, atMs });
    const { party, notBeforeMs } = certificate;
    const isOfRow = party.role === "server" ? notBeforeMs === atMs : party.name === username;
    const agrees = certificate.fingerprint === fingerprint &&
      certificate.publicKey.fingerprint === key_fingerprint && isOfRow;
    return agrees ? undefined : "its row says something else than it";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.message;
  }
}
