/**
 * Verifies the certificates that the ledger stores. This CA issued each of them, and its row
 * matches it. No member has two certificates from its registration, or two for one key.
 */
import { BoundedMap } from "../bounded_map.ts";
import { CertificateError } from "../errors.ts";
import { auditedSignersMax } from "../limits.ts";
import { issuingAccount } from "../ledger/entry.ts";
import { type IssuedCertificate, type LedgerSnapshot, storedText } from "../ledger/snapshot.ts";
import { decodeInstant } from "../ledger/stored_rows.ts";
import {
  rereadCertificate,
  type VerifiedCertificate,
  verifyChain,
} from "../pki/certificate_profile.ts";
import type { CertificateChain } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";

/** Returns a sentence about why a certificate is wrong, or `undefined`. */
export function certificateFault(
  row: IssuedCertificate,
  { anchor, ofAccount }: {
    readonly anchor: TrustAnchor;
    /** The certificates of its account, in the order of their issue. */
    readonly ofAccount: readonly IssuedCertificate[];
  },
): string | undefined {
  const verified = verifyRow(row, anchor);
  const reason = typeof verified === "string" ? verified : contextFault(row, ofAccount);
  if (reason === undefined) return undefined;
  const [fingerprint, owner] = [storedText(row.fingerprint), storedText(row.username)];
  return `the certificate ${fingerprint.slice(0, 16)}… of ${owner.slice(0, 80)}: ${reason}`;
}

/** The certificate of an order, as the ledger has it. */
export interface Signer {
  /** The account that the ledger has it for. `undefined` when it is wrong. */
  readonly owner: string | undefined;
  /** Whether a change brought it, and not the registration. */
  readonly isReissued: boolean;
  /** `undefined` when it is wrong. */
  readonly certificate: VerifiedCertificate | undefined;
  /** The certificate alone. */
  readonly chain: CertificateChain;
}

/** Finds the certificates of orders, and remembers the last ones. */
export class Signers {
  readonly #snapshot: Pick<LedgerSnapshot, "certificates" | "certificatesOf">;
  readonly #anchor: TrustAnchor;
  readonly #areVerified: boolean;
  readonly #signers = new BoundedMap<string, Signer>(auditedSignersMax);

  /** @param options.areVerified whether {@link certificateFault} found no fault in all of them */
  constructor(
    snapshot: Pick<LedgerSnapshot, "certificates" | "certificatesOf">,
    { anchor, areVerified }: { readonly anchor: TrustAnchor; readonly areVerified: boolean },
  ) {
    this.#snapshot = snapshot;
    this.#anchor = anchor;
    this.#areVerified = areVerified;
  }

  /** Returns the signer with this certificate, or `undefined` when the ledger does not have it. */
  async find(fingerprint: string): Promise<Signer | undefined> {
    const known = this.#signers.get(fingerprint);
    if (known) return known;
    await this.load([fingerprint]);
    return this.#signers.get(fingerprint);
  }

  /** Reads certificates that are not remembered, all at once. */
  async load(fingerprints: Iterable<string>): Promise<void> {
    const unknown = [...new Set(fingerprints)].filter((one) => !this.#signers.get(one));
    if (unknown.length === 0) return;
    const rows = [...(await this.#snapshot.certificates(unknown)).values()];
    const names = new Set(rows.map(({ username }) => username));
    const ofNames = this.#areVerified ? undefined : await this.#snapshot.certificatesOf([...names]);
    for (const row of rows) {
      if (!(row.der instanceof Uint8Array)) continue;
      const signer = this.#read(row, new Uint8Array(row.der), ofNames?.get(row.username) ?? []);
      this.#signers.set(String(row.fingerprint), signer);
    }
  }

  #read(
    row: IssuedCertificate,
    der: Uint8Array<ArrayBuffer>,
    ofAccount: readonly IssuedCertificate[],
  ): Signer {
    const verified = this.#areVerified ? rereadCertificate(der) : verifyRow(row, this.#anchor);
    const isWrong = typeof verified === "string" || verified.fingerprint !== row.fingerprint ||
      !this.#areVerified && contextFault(row, ofAccount) !== undefined;
    return {
      owner: isWrong ? undefined : String(row.username),
      isReissued: row.is_reissued === 1,
      certificate: isWrong ? undefined : verified,
      chain: [der],
    };
  }
}

/** @returns the certificate, or why it is not one of its account, or of the server */
function verifyRow(
  { der, fingerprint, key_fingerprint, username, issued_at }: IssuedCertificate,
  anchor: TrustAnchor,
): VerifiedCertificate | string {
  if (!(der instanceof Uint8Array)) return "it is not there";
  const atMs = decodeInstant(issued_at);
  if (atMs === undefined) return "when it was issued is not written as it has to be";
  const role = username === issuingAccount ? "server" : "member";
  try {
    const certificate = verifyChain([new Uint8Array(der)], { anchor, role, atMs });
    const { party, notBeforeMs } = certificate;
    const isOfRow = party.role === "server" ? notBeforeMs === atMs : party.name === username;
    const agrees = certificate.fingerprint === fingerprint &&
      certificate.publicKey.fingerprint === key_fingerprint && isOfRow;
    return agrees ? certificate : "its row says something else than it";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.message;
  }
}

/** @returns why a member's certificate does not fit to its earlier ones, or `undefined` */
function contextFault(
  row: IssuedCertificate,
  ofAccount: readonly IssuedCertificate[],
): string | undefined {
  if (row.username === issuingAccount) return undefined;
  for (const earlier of ofAccount) {
    if (earlier.place === row.place) break;
    if (earlier.is_reissued !== 1 && row.is_reissued !== 1) {
      return "neither the account's registration nor a reissue gave it";
    }
    if (earlier.key_fingerprint === row.key_fingerprint) return "the account had its key before";
  }
  return undefined;
}
