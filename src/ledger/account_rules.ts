/**
 * What may happen to an account, without any storage.
 */
import type { AccountChange } from "./account_change.ts";
import type { Booking, EntryParty } from "./entry.ts";
import type { Account, ChangeOutcome, RegisterOutcome, Registration } from "./ledger.ts";

/**
 * What becomes of a registration whose name is there: the same key again, or a new key with the code for it.
 *
 * @param options `lastStatement` is the digest of the ledger's last statement, `hadKey` whether the account has or had this key
 */
export function judgeRegistration(
  known: Account,
  { certificate, reissue }: Registration,
  { lastStatement, hadKey }: { readonly lastStatement: string; readonly hadKey: boolean },
): Exclude<RegisterOutcome["outcome"], "registered" | "issue_exhausted" | "too_many_accounts"> {
  if (known.certificate !== undefined) {
    const isSame = known.certificate.keyFingerprint === certificate.keyFingerprint;
    return isSame ? "repeated" : "name_taken";
  }
  const { lastChange } = known;
  if (lastChange?.kind !== "revocation" || reissue === undefined || hadKey) return "name_taken";
  if (reissue.codeDigest !== lastChange.codeDigest) return "name_taken";
  return reissue.change.previous === lastStatement ? "reissued" : "outdated";
}

/** @returns why a revocation or a closure cannot be recorded now; `undefined` when it can */
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

/** What is asked about the two sides of a booking. */
export interface BookingSides {
  isClosed(party: EntryParty): boolean;
  /** Fingerprint of the certificate that may act as an account. */
  certificateOf(party: EntryParty): string | undefined;
}

/** @returns why two accounts that are there cannot take part in a booking now; `undefined` when they can */
export function objectToBooking(
  { kind, payer, payee, certificate }: Booking,
  sides: BookingSides,
): "account_closed" | "certificate_not_current" | undefined {
  if (sides.isClosed(payee) || (kind !== "withdrawal" && sides.isClosed(payer))) {
    return "account_closed";
  }
  const isSignedByPayer = certificate === undefined || certificate === sides.certificateOf(payer);
  return isSignedByPayer ? undefined : "certificate_not_current";
}
