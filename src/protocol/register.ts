/** REGISTER: a name for the key of the certificate request that introduced the connection. */
import * as v from "valibot";
import { sha256Hex } from "../pki/signing_key.ts";
import type { Exchange } from "./exchange.ts";
import { accountNameShape, base64UrlShape, countShape } from "./shapes.ts";

/** What a one-time code is kept and compared as: SHA-256 in lower-case hexadecimal. */
export function oneTimeCodeDigest(code: string): string {
  return sha256Hex(code);
}

const request = v.strictObject({
  name: accountNameShape,
  /** The operator's one-time code, for an account whose certificate was revoked because its key was lost. */
  code: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64), v.regex(/^[\x21-\x7e]+$/))),
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
