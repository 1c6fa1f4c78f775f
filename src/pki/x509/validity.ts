/**
 * The two dates of a certificate (RFC 5280 section 4.1.2.5). They are in UTC with seconds: UTCTime
 * up to 2049, GeneralizedTime after.
 */
import { CertificateError, ExpiredCertificateError } from "../../errors.ts";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer } from "./der.ts";

/** The first and the last second of validity, both included, in milliseconds since the epoch. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const utcTimeYears = { first: 1950, last: 2049 };

/**
 * Returns the dates in DER. Fractions of a second are dropped, because the format has none.
 *
 * @throws {CertificateError} when a date is before 1950 or after 9999
 */
export function encodeValidity({ notBeforeMs, notAfterMs }: Validity): Bytes {
  return encodeDer(derTag.sequence, encodeTime(notBeforeMs), encodeTime(notAfterMs));
}

/**
 * Returns the two dates of a validity element. Further elements are not checked here.
 *
 * @throws {CertificateError} when a date is not in its one form
 */
export function readValidity(element: DerElement): Validity {
  const notBeforeMs = readTime(elementAt(element, 0));
  return { notBeforeMs, notAfterMs: readTime(elementAt(element, 1)) };
}

/**
 * Throws unless `atMs` lies within the dates, both included.
 *
 * @param options.what the name of the certificate in errors
 * @param options.atMs milliseconds since the epoch
 * @throws {ExpiredCertificateError} when `atMs` is after the dates
 * @throws {CertificateError} when `atMs` is before them, or not a number
 */
export function checkDates(
  { notBeforeMs, notAfterMs }: Validity,
  { what, atMs }: { what: string; atMs: number },
): void {
  if (atMs > notAfterMs) {
    const date = instant(notAfterMs);
    throw new ExpiredCertificateError(`use ${what}: it expired on ${date}${usedAt(atMs)}`);
  }
  // In this form, the comparison also refuses NaN.
  if (notBeforeMs <= atMs) return;
  const date = instant(notBeforeMs);
  throw new CertificateError(`use ${what}: it is valid only from ${date}${usedAt(atMs)}`);
}

/** Shows the time of use, which reveals a wrong clock. */
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
    throw new CertificateError(`write a certificate: its format has no date for ${ms}`);
  }
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  const isUtcTime = year <= utcTimeYears.last;
  const text = new TextEncoder().encode(isUtcTime ? digits.slice(2) : digits);
  return encodeDer(isUtcTime ? derTag.utcTime : derTag.generalizedTime, text);
}

/** Reads a date. An impossible one such as 31 February rolls over, so its encoding differs. */
function readTime({ tag, content }: DerElement): number {
  const text = new TextDecoder().decode(content);
  const isUtcTime = tag === derTag.utcTime;
  const parts = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)?.slice(1);
  if (!parts || parts[0]!.length !== (isUtcTime ? 2 : 4)) {
    throw new CertificateError(`read a certificate: ${text} is not a canonical date`);
  }
  const [year, month, ...rest] = parts.map(Number);
  const century = year! < utcTimeYears.first - 1900 ? 2000 : 1900;
  const [day, hour, minute, second] = rest;
  return Date.UTC(isUtcTime ? century + year! : year!, month! - 1, day, hour, minute, second);
}
