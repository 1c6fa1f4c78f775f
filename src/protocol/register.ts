/** REGISTER: a name for the key of the certificate request that introduced the connection. */
import { oneTimeCodeCharactersMax } from "../limits.ts";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import * as v from "valibot";
import { sha256Hex } from "../pki/signing_key.ts";
import type { Exchange } from "./exchange.ts";
import { accountNameShape, base64UrlShape, countShape } from "./shapes.ts";

/** @returns the digest that the ledger stores of a one-time code: SHA-256 in lower-case hexadecimal */
export function oneTimeCodeDigest(code: string): string {
  return sha256Hex(code);
}

/**
 * @returns whether two digests of one-time codes are equal. It takes the same time wherever they
 * differ, so that a stranger who sends codes learns nothing about the right one
 */
export function isSameCode(first: string, second: string): boolean {
  const [one, other] = [first, second].map((digest) => new TextEncoder().encode(digest));
  return one!.length === other!.length && timingSafeEqual(one!, other!);
}

const request = v.strictObject({
  name: accountNameShape,
  /** The operator's one-time code, for an account whose certificate was revoked because its key was lost. */
  code: v.optional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(oneTimeCodeCharactersMax),
      v.regex(/^[\x21-\x7e]+$/),
    ),
  ),
});

const answer = v.strictObject({
  /** The certificate issued, DER in base64url. */
  certificate: base64UrlShape,
  /** What the account holds. */
  balance: countShape,
  /** Whether the account was there before this request: with the same key, or registered anew with a one-time code. */
  existed: v.boolean(),
});
export type RegisterAnswer = v.InferOutput<typeof answer>;

export const registerExchange = {
  type: "register",
  request,
  success: 100,
  answer,
} as const satisfies Exchange<"register", unknown, unknown>;
