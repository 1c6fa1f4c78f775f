/**
 * What callers of a ledger had to check before. Each function throws `TypeError`: breaking one of these is a mistake of the
 * program, and booked it could make money out of nothing or stop the storage.
 */
import { amountRule, isAmount } from "../money.ts";
import type { AccountChange } from "./account_change.ts";
import { type Booking, type EntryKind, issuingAccount } from "./entry.ts";
import type { BookingConditions, HistoryQuery, Registration, Voiding } from "./ledger.ts";

/** @throws {TypeError} unless it can be booked and read back as it was */
export function requireBookable(
  booking: Booking,
  { expiresAtMs }: BookingConditions = {},
): void {
  const refuse = (reason: string) => {
    throw new TypeError(`cannot book ${booking.id}: ${reason}`);
  };
  if (!isAmount(booking.amount)) refuse(amountRule);
  if (booking.payer === booking.payee) refuse("payer and payee are the same account");
  if (!isTime(booking.atMs)) refuse("its time is no date in whole milliseconds");
  if (expiresAtMs !== undefined && !isExpiry(expiresAtMs)) refuse("its order's end is no date");
  const issuers = [booking.payer, booking.payee].map((party) => party === issuingAccount);
  if (issuers.join() !== issuersByKind[booking.kind]?.join()) refuse(`no ${booking.kind} is so`);
  if ((booking.kind === "refund") !== (booking.refunds !== undefined)) {
    refuse("a refund, and only a refund, names the payment that it gives back");
  }
  const isByMember = booking.kind === "payment" || booking.kind === "refund";
  if (isByMember !== (booking.certificate !== undefined)) {
    refuse("a payment or a refund, and nothing else, names its signer's certificate");
  }
  const texts = [booking.id, booking.orderJws, booking.memo ?? "", booking.refunds ?? ""];
  if (!texts.every(isStorable)) refuse("a text in it cannot be stored as it is");
}

/** @throws {TypeError} unless it can be kept */
export function requireVoidable(voiding: Voiding): void {
  const { id, digest, certificate, code, atMs, expiresAtMs } = voiding;
  const isCode = Number.isInteger(code) && code >= 100 && code <= 999;
  const areDigests = isDigest(digest) && isDigest(certificate);
  if (areDigests && isTime(atMs) && isExpiry(expiresAtMs) && isCode) return;
  throw new TypeError(`cannot void ${id}: its digest, certificate, code or a time is none`);
}

/** @throws {TypeError} unless the opening entry, where there is one, goes from the issuing account to the new account */
export function requireRegistrable(registration: Registration): void {
  const { name, certificate, opening, reissue } = registration;
  const refuse = (reason: string) => {
    throw new TypeError(`cannot register ${name}: ${reason}`);
  };
  if (reissue !== undefined) {
    const { change, codeDigest } = reissue;
    if (!isDigest(codeDigest)) refuse("its code's digest is none");
    requireChange(change);
    const fits = change.kind === "reissue" && change.name === name &&
      change.certificate === certificate.fingerprint;
    if (!fits) refuse("its reissue is not one of this certificate for it");
  }
  if (!isTime(certificate.issuedAtMs)) refuse("its certificate's time is no date");
  if (opening === undefined) return;
  requireBookable(opening);
  if (opening.kind !== "opening" || opening.payer !== issuingAccount || opening.payee !== name) {
    refuse("its opening entry is not one for it");
  }
}

/** @throws {TypeError} unless it can be recorded and read back as it was */
export function requireChange(change: AccountChange): void {
  const { kind, name, certificate, codeDigest, previous, statementJws, atMs } = change;
  const refuse = (reason: string) => {
    throw new TypeError(`cannot record the ${kind} of ${name}: ${reason}`);
  };
  if (!isTime(atMs)) refuse("its time is no date");
  if (!isStorable(statementJws)) refuse("its statement cannot be stored as it is");
  if (![certificate, codeDigest, previous].every((one) => one === undefined || isDigest(one))) {
    refuse("a digest in it is none");
  }
  if ((kind === "revocation") !== (codeDigest !== undefined)) {
    refuse("a revocation, and only a revocation, has a code");
  }
  if (kind === "reissue" ? certificate === undefined : kind === "closure" && certificate) {
    refuse("a reissue names a certificate, a closure names none");
  }
}

/** @throws {TypeError} unless limit and position are whole numbers; SQL would take a negative limit for none */
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
 * Whether payer and payee are the issuing account. A withdrawal is the one entry that a closed account can have; it must not
 * be a way to pay somebody out of one.
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

/** From 1970 to 9999: such times compare as text in the order in which they follow each other. */
function isExpiry(timeMs: number): boolean {
  return isTime(timeMs) && timeMs >= 0 && timeMs <= Date.UTC(9999, 11, 31);
}

function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && !Number.isNaN(new Date(timeMs).getTime());
}

// A lone surrogate becomes another character in UTF-8, and some readers end a text at a NUL: the hash would not fit.
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
