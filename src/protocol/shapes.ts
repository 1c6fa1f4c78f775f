/** The value types of messages, as strict `valibot` schemas. Unknown members are refused. */
import { Buffer } from "node:buffer";
import { decodeHex } from "@std/encoding/hex";
import * as v from "valibot";
import { encodeBase64Url } from "../base64.ts";
import { isSeconds } from "../clock.ts";
import { type AccountName, accountNameRule, isAccountName } from "../account_name.ts";
import { type Amount, amountRule, isAmount } from "../money.ts";
import { isBookedMemo, memoRule } from "../memo.ts";
import { isOrderId } from "../random.ts";
import { checkpointCharactersMax, orderBytesMax } from "../limits.ts";
import { issuingAccount } from "../ledger/entry.ts";
import { parseHost } from "../pki/host.ts";

/** An account name in its stored form. */
export const accountNameShape = v.custom<AccountName>(isAccountName, accountNameRule);

/** A side of an entry: a member, or the issuing account. */
export const entrySideShape = v.union([accountNameShape, v.literal(issuingAccount)]);

export const amountShape = v.custom<Amount>(isAmount, amountRule);

/** The memo of a booked order. */
export const memoShape = v.custom<string>(isBookedMemo, memoRule);

export const orderIdShape = v.custom<string>(
  isOrderId,
  "an id is a UUID of version 7 or 8 in lower case",
);

/** A TCP port. */
export const portShape = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

/** A DNS name or IP address in canonical form. */
export const hostShape = v.custom<string>(
  (value) => typeof value === "string" && parseHost(value)?.value === value,
  "a host is a DNS name or an IP address",
);

/** An entry's number, from 1. */
export const entryNumberShape = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** A count or a member's balance: zero or more. */
export const countShape = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Whole seconds since the epoch (RFC 7519 section 2, NumericDate, without fractions). */
export const secondsShape = v.custom<number>(isSeconds, "a time is whole seconds from 0");

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const digestShape = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/**
 * `x5t#S256` (RFC 7515 section 4.1.8): the SHA-256 of a certificate's DER in base64url. The unused
 * bits of its last character are zero.
 */
export const certificateReferenceShape = v.pipe(
  v.string(),
  v.regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/),
);

/** Returns the `x5t#S256` of a certificate whose SHA-256 fingerprint has these 64 hex digits. */
export function encodeFingerprint(fingerprint: string): string {
  return encodeBase64Url(decodeHex(fingerprint));
}

/** Returns the SHA-256 fingerprint, 64 hex digits, of the certificate with this `x5t#S256`. */
export function decodeFingerprint(reference: string): string {
  return Buffer.from(reference, "base64url").toString("hex");
}

/** An instant as ISO 8601 in UTC with milliseconds. */
export const instantShape = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
  // Formatting an invalid date would throw, and end the program of a member.
  v.check((text) => !Number.isNaN(Date.parse(text)), "an instant is a date that exists"),
);

/** 64 bytes in base64url. The unused bits of the last character are zero. */
export const signatureShape = v.pipe(v.string(), v.regex(/^[\w-]{85}[AQgw]$/));

/** A compact JWS that is parsed later. That of an order may be packed, see `packDocument`. */
export const compactJwsShape = v.pipe(
  v.string(),
  v.maxLength(orderBytesMax),
  v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/),
);

/** A signed note of a checkpoint, which is parsed later. */
export const checkpointNoteShape = v.pipe(v.string(), v.maxLength(checkpointCharactersMax));

/** Bytes in base64url. */
export const base64UrlShape = v.pipe(v.string(), v.maxLength(16384), v.regex(/^[\w-]+$/));
