/**
 * The two dates of a certificate (RFC 5280 section 4.1.2.5): UTCTime up to 2049 and GeneralizedTime after, in UTC, with seconds.
 */
import { CertificateError, ExpiredCertificateError } from "../../errors.ts";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer } from "./der.ts";

/** Milliseconds since the epoch, whole seconds. Both are included. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const utcTimeYears = { first: 1950, last: 2049 };

/** Fractions of a second are dropped: a certificate cannot say them. */
export function encodeValidity({ notBeforeMs, notAfterMs }: Validity): Bytes {
  return encodeDer(derTag.sequence, encodeTime(notBeforeMs), encodeTime(notAfterMs));
}

/** @throws {CertificateError} when one of the first two elements is no date; what else is there is not looked at */
export function readValidity(element: DerElement): Validity {
  const [notBeforeMs, notAfterMs] = [0, 1].map((at) => readTime(elementAt(element, at)));
  return { notBeforeMs: notBeforeMs!, notAfterMs: notAfterMs! };
}

/**
 * @throws {ExpiredCertificateError} when `atMs` is after the dates
 * @throws {CertificateError} when it is before them; both are included (RFC 5280 section 4.1.2.5)
 */
export function checkDates(
  { notBeforeMs, notAfterMs }: Validity,
  { what, atMs }: { what: string; atMs: number },
): void {
  if (atMs > notAfterMs) {
    const date = instant(notAfterMs);
    throw new ExpiredCertificateError(`use ${what}: it expired on ${date}${usedAt(atMs)}`);
  }
  // Written so that a time that is not a number is refused too.
  if (notBeforeMs <= atMs) return;
  const date = instant(notBeforeMs);
  throw new CertificateError(`use ${what}: it is valid only from ${date}${usedAt(atMs)}`);
}

/** A clock that is wrong is seen from it. */
function usedAt(atMs: number): string {
  return Number.isNaN(new Date(atMs).getTime()) ? "" : `, and is used at ${instant(atMs)}`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function encodeTime(ms: number): Bytes {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= utcTimeYears.first && year <= 9999)) {
    throw new CertificateError(`write a certificate: ${ms} is no date that it can say`);
  }
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  const isUtcTime = year <= utcTimeYears.last;
  const text = new TextEncoder().encode(isUtcTime ? digits.slice(2) : digits);
  return encodeDer(isUtcTime ? derTag.utcTime : derTag.generalizedTime, text);
}

/** A date that the calendar does not have rolls over, and differs when it is encoded anew. */
function readTime({ tag, content }: DerElement): number {
  const text = new TextDecoder().decode(content);
  const isUtcTime = tag === derTag.utcTime;
  const parts = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)?.slice(1);
  if (!parts || parts[0]!.length !== (isUtcTime ? 2 : 4)) {
    throw new CertificateError(`read a certificate: ${text} is not a date in its one spelling`);
  }
  const [year, month, ...rest] = parts.map(Number);
  const century = year! < utcTimeYears.first - 1900 ? 2000 : 1900;
  const [day, hour, minute, second] = rest;
  return Date.UTC(isUtcTime ? century + year! : year!, month! - 1, day, hour, minute, second);
}
