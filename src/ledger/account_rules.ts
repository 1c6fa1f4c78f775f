/** The rules for changing accounts and for their part in bookings, as pure functions. */
import type { AccountChange, RecordedChange } from "./account_change.ts";
import { type Booking, isSignedByPayer } from "./entry.ts";
import type { Account, ChangeOutcome, RegisterOutcome, Registration } from "./ledger.ts";

/**
 * Returns the outcome of a registration under an existing name.
 *
 * @param options.lastStatement the digest of the ledger's last statement
 * @param options.hadKey whether the account has or had the key
 */
export function judgeRegistration(
  known: Account,
  { certificate, reissue }: Registration,
  { lastStatement, hadKey }: { readonly lastStatement: string; readonly hadKey: boolean },
): Extract<
  RegisterOutcome["outcome"],
  "repeated" | "reissued" | "name_taken" | "outdated"
> {
  if (known.certificate !== undefined) {
    const isSame = known.certificate.keyFingerprint === certificate.keyFingerprint;
    return isSame ? "repeated" : "name_taken";
  }
  const { lastChange } = known;
  if (lastChange?.kind !== "revocation" || reissue === undefined || hadKey) return "name_taken";
  if (reissue.codeDigest !== lastChange.codeDigest) return "name_taken";
  return reissue.change.previous === lastStatement ? "reissued" : "outdated";
}

/** Returns why a revocation or closure cannot be recorded now, or `undefined` when it can. */
export function objectToChange(
  account: Account | undefined,
  { kind, certificate, previous }: AccountChange,
  { lastStatement }: { readonly lastStatement: string },
): Exclude<ChangeOutcome["outcome"], "changed"> | undefined {
  if (account === undefined) return "account_unknown";
  if (account.isClosed) return "account_closed";
  const isOutdated = previous !== lastStatement ||
    (kind === "revocation" && certificate !== account.certificate?.fingerprint);
  return isOutdated ? "outdated" : undefined;
}

/** What the rules need to know about one side of a booking. */
export interface BookingSide {
  readonly isClosed: boolean;
  /** The fingerprint of the one certificate that may act as the account now. */
  readonly certificate: string | undefined;
}

/**
 * Returns why two existing accounts cannot be the sides of a booking now, or `undefined` when they
 * can.
 */
export function objectToBooking(
  { kind, certificate }: Booking,
  { payer, payee }: { readonly payer: BookingSide; readonly payee: BookingSide },
): "account_closed" | "certificate_not_current" | undefined {
  if (payee.isClosed || (kind !== "withdrawal" && payer.isClosed)) return "account_closed";
  const isCurrent = !isSignedByPayer(kind) || certificate.fingerprint === payer.certificate;
  return isCurrent ? undefined : "certificate_not_current";
}

/** What decides which certificate may act as an account. */
export interface CertificateState {
  /** The fingerprints of all its certificates. */
  readonly certificates: readonly string[];
  /** Its last change. */
  readonly lastChange: Pick<RecordedChange, "kind" | "certificate"> | undefined;
}

/**
 * Returns the fingerprint of the certificate that may act as an account: its one certificate until
 * there is a change, then the one that a reissue gave it. Where two certificates came without a
 * change, it is neither.
 */
export function currentCertificate(
  { certificates, lastChange }: CertificateState,
): string | undefined {
  if (lastChange === undefined) return certificates.length === 1 ? certificates[0] : undefined;
  const given = lastChange.kind === "reissue" ? lastChange.certificate : undefined;
  return given !== undefined && certificates.includes(given) ? given : undefined;
}
