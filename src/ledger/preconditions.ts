/**
 * The preconditions of the ledger's methods. A violation is a mistake of the program and could
 * create money or stop the storage, so each function throws `TypeError`.
 */
import { isBookedMemo } from "../memo.ts";
import { amountRule, isAmount } from "../money.ts";
import { isOrderId } from "../random.ts";
import type { AccountChange } from "./account_change.ts";
import { type Booking, type EntryKind, issuingAccount } from "./entry.ts";
import type { NewInvitation } from "./invitation.ts";
import type { HistoryQuery, Registration, Voiding } from "./ledger.ts";

/**
 * Throws unless a booking can be booked and read back unchanged.
 *
 * @throws {TypeError} naming the violated rule
 */
export function requireBookable(booking: Booking): void {
  const refuse = (reason: string) => {
    throw new TypeError(`cannot book ${booking.id}: ${reason}`);
  };
  if (!isAmount(booking.amount)) refuse(amountRule);
  if (booking.payer === booking.payee) refuse("payer and payee are the same account");
  if (!isTime(booking.atMs)) refuse("its time is not a date in whole milliseconds");
  const { iat, exp, signature, certificate } = booking;
  if (!isExpiry(iat * 1000) || !isExpiry(exp * 1000)) refuse("a time of its order is not a date");
  if (signature.length !== 64) refuse("its order's signature is not 64 bytes");
  const issuers = [booking.payer, booking.payee].map((side) => side === issuingAccount);
  if (issuers.join() !== issuersByKind[booking.kind]?.join()) {
    refuse(`a ${booking.kind} has other sides`);
  }
  const { id, memo, refunds } = booking;
  if (![id, ...(refunds === undefined ? [] : [refunds])].every(isOrderId)) {
    refuse("an id in it is not a UUID of version 7 or 8");
  }
  if (memo !== undefined && !isBookedMemo(memo)) refuse("its memo cannot be booked");
  if ((booking.kind === "refund") !== (refunds !== undefined)) {
    refuse("a refund, and only a refund, names the payment that it gives back");
  }
  const digests = [booking.orderDigest, certificate.fingerprint, certificate.keyFingerprint];
  if (!digests.every(isDigest)) refuse("a digest in it is not valid");
  if (!isTime(certificate.issuedAtMs)) refuse("its certificate's time is not a date");
}

/**
 * Throws unless a voiding can be stored.
 *
 * @throws {TypeError} when a digest, code or time in it is not valid
 */
export function requireVoidable(voiding: Voiding): void {
  const { id, digest, certificate, code, atMs, expiresAtMs } = voiding;
  const isCode = Number.isInteger(code) && code >= 100 && code <= 999;
  const areDigests = isDigest(digest) && isDigest(certificate);
  if (areDigests && isTime(atMs) && isExpiry(expiresAtMs) && isCode) return;
  throw new TypeError(`cannot void ${id}: its digest, certificate, code or a time is not valid`);
}

/**
 * Throws unless a registration is valid: its opening entry goes from the issuing account to the new
 * account.
 *
 * @throws {TypeError} naming the violated rule
 */
export function requireRegistrable(registration: Registration): void {
  const { name, certificate, opening, reissue, invitation } = registration;
  const refuse = (reason: string) => {
    throw new TypeError(`cannot register ${name}: ${reason}`);
  };
  if (reissue !== undefined) {
    const { change, codeDigest } = reissue;
    if (!isDigest(codeDigest)) refuse("its code's digest is not valid");
    requireChange(change);
    const fits = change.kind === "reissue" && change.name === name &&
      change.certificate === certificate.fingerprint;
    if (!fits) refuse("its reissue is for another account or certificate");
  }
  if (!isTime(certificate.issuedAtMs)) refuse("its certificate's time is not a date");
  if (invitation && !(isDigest(invitation.tokenDigest) && isTime(invitation.atMs))) {
    refuse("the digest or the time of its invitation is not valid");
  }
  if (opening === undefined) return;
  requireBookable(opening);
  if (opening.kind !== "opening" || opening.payer !== issuingAccount || opening.payee !== name) {
    refuse("its opening entry is not an opening for this account");
  }
}

/**
 * Throws unless an invitation can be stored and read back unchanged.
 *
 * @throws {TypeError} naming its values
 */
export function requireInvitation(invitation: NewInvitation): void {
  const { tokenDigest, balance = 0, usesMax, expiresAtMs, createdAtMs } = invitation;
  const areNumbers = Number.isSafeInteger(balance) && balance >= 0 &&
    Number.isSafeInteger(usesMax) && usesMax >= 1;
  if (isDigest(tokenDigest) && areNumbers && isTime(expiresAtMs) && isTime(createdAtMs)) return;
  throw new TypeError(
    `cannot invite: its digest, balance ${balance}, uses ${usesMax} or a time is not valid`,
  );
}

/**
 * Throws unless a change can be recorded and read back unchanged.
 *
 * @throws {TypeError} naming the violated rule
 */
export function requireChange(change: AccountChange): void {
  const { kind, name, certificate, codeDigest, previous, statementJws, atMs } = change;
  const refuse = (reason: string) => {
    throw new TypeError(`cannot record the ${kind} of ${name}: ${reason}`);
  };
  if (!isTime(atMs)) refuse("its time is not a date");
  if (!isStorable(statementJws)) refuse("its statement cannot be stored unchanged");
  if (![certificate, codeDigest, previous].every((one) => one === undefined || isDigest(one))) {
    refuse("a digest in it is not valid");
  }
  if ((kind === "revocation") !== (codeDigest !== undefined)) {
    refuse("a revocation, and only a revocation, has a code");
  }
  if (kind === "reissue" ? certificate === undefined : kind === "closure" && certificate) {
    refuse("a reissue names a certificate, a closure names none");
  }
}

/**
 * Throws unless limit and position are whole numbers. SQL would take a negative limit for none.
 *
 * @throws {TypeError} naming the values
 */
export function requirePage({ limit, before, after }: HistoryQuery): void {
  const attempt = `cannot list ${limit} rows before ${before} after ${after}`;
  for (const value of [limit, before ?? 0, after ?? 0]) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TypeError(`${attempt}: not whole numbers from 0`);
    }
  }
  if (before !== undefined && after !== undefined) throw new TypeError(`${attempt}: not both`);
}

/**
 * Whether payer and payee are the issuing account, for each kind. A closed account allows only a
 * withdrawal, which must not become a payment to a member.
 */
const issuersByKind: Readonly<Record<EntryKind, readonly [boolean, boolean]>> = {
  opening: [true, false],
  deposit: [true, false],
  withdrawal: [false, true],
  payment: [false, false],
  refund: [false, false],
};

function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Returns whether a time is from 1970 to 9999, where texts sort like times. */
function isExpiry(timeMs: number): boolean {
  return isTime(timeMs) && timeMs >= 0 && timeMs <= Date.UTC(9999, 11, 31);
}

function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && !Number.isNaN(new Date(timeMs).getTime());
}

// UTF-8 changes a lone surrogate, and some readers end a text at a NUL. Then the hash would not
// match.
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
