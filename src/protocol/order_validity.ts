/**
 * Judges whether an order may be booked at a time. The payee asks before it submits an order, the
 * server before it books one, `verify` and the operator's audit afterwards. What the ledger alone
 * knows is not judged here.
 *
 * An order's own times are whole seconds. A booking's and a certificate's are milliseconds. A second
 * is compared as the millisecond that it begins with.
 */
import { orderFutureMsMax, orderLifetimeMsMax } from "../limits.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import type { Code } from "./code.ts";
import type { SignedOrder } from "./order.ts";

/** Why an order is not good. */
export interface OrderFault {
  /** What the server refuses it with. */
  readonly code: Code;
  /** The end of a sentence about the order. */
  readonly reason: string;
  /** Whether it is so at any time. Then nobody has to remember the refusal. */
  readonly isLasting: boolean;
}

/** What an order is judged by. */
export type JudgedOrder = Pick<SignedOrder, "payload" | "signer">;

/**
 * Judges an order.
 *
 * @param options `atMs` is when it is booked, by the server's clock
 * @returns what is wrong with it, or `undefined` when it is good
 */
export function judgeOrder(
  judged: JudgedOrder,
  { atMs }: { atMs: number },
): OrderFault | undefined {
  return lastingFault(judged) ?? faultAt(judged, atMs);
}

function lastingFault({ payload, signer }: JudgedOrder): OrderFault | undefined {
  const { payer, payee, iat, exp } = payload;
  const fault = (code: Code, reason: string) => ({ code, reason, isLasting: true });
  if (payer === payee) return fault(280, "is from and to the same account");
  if (exp <= iat) return fault(261, "ends before it begins");
  if ((exp - iat) * 1000 > orderLifetimeMsMax) return fault(261, "lives longer than an order may");
  if (isWithin(signer, iat * 1000)) return undefined;
  return fault(261, "was made outside the validity of its certificate");
}

function faultAt({ payload, signer }: JudgedOrder, atMs: number): OrderFault | undefined {
  const { iat, exp } = payload;
  const fault = (code: Code, reason: string) => ({ code, reason, isLasting: false });
  if (exp * 1000 <= atMs) return fault(265, "had expired before it was booked");
  // A clock is wrong. To book it would let it live longer than its payer meant.
  if (iat * 1000 > atMs + orderFutureMsMax) return fault(261, "was made after it was booked");
  if (isWithin(signer, atMs)) return undefined;
  return fault(261, "was booked outside the validity of its certificate");
}

function isWithin({ notBeforeMs, notAfterMs }: VerifiedCertificate, atMs: number): boolean {
  return notBeforeMs <= atMs && atMs <= notAfterMs;
}
