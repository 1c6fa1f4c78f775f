/** The `register` request: an account name for the key of the connection's certificate request. */
import { oneTimeCodeCharactersMax } from "../limits.ts";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import * as v from "valibot";
import { sha256Hex } from "../pki/signing_key.ts";
import { isInvitationToken } from "./micropay_uri.ts";
import type { RequestType } from "./request_type.ts";
import { accountNameShape, base64UrlShape, countShape } from "./shapes.ts";

/** Returns the SHA-256 of an invitation's token, 64 lower-case hex digits. */
export function invitationTokenDigest(token: string): string {
  return sha256Hex(token);
}

/** Returns the SHA-256 of a one-time code, 64 lower-case hex digits. Only this digest is stored. */
export function oneTimeCodeDigest(code: string): string {
  return sha256Hex(code);
}

/**
 * Returns whether two digests of one-time codes are equal. The time does not depend on where they
 * differ, so a stranger learns nothing about the code.
 */
export function isSameCode(first: string, second: string): boolean {
  const [one, other] = [first, second].map((digest) => new TextEncoder().encode(digest));
  return one!.length === other!.length && timingSafeEqual(one!, other!);
}

export const registerRequestType = {
  type: "register",
  request: v.strictObject({
    name: accountNameShape,
    /** The operator's one-time code, for an account whose certificate was revoked. */
    code: v.optional(
      v.pipe(
        v.string(),
        v.minLength(1),
        v.maxLength(oneTimeCodeCharactersMax),
        v.regex(/^[\x21-\x7e]+$/),
      ),
    ),
    /** The token of an invitation, for a new account. */
    token: v.optional(v.pipe(v.string(), v.check(isInvitationToken))),
  }),
  success: 100,
  answer: v.strictObject({
    /** The issued certificate: DER in base64url. */
    certificate: base64UrlShape,
    balance: countShape,
    /** Whether the account existed before: with the same key, or reissued with a one-time code. */
    existed: v.boolean(),
  }),
} as const satisfies RequestType;
export type RegisterRequest = v.InferOutput<typeof registerRequestType.request>;
export type RegisterAnswer = v.InferOutput<typeof registerRequestType.answer>;
