/**
 * Whether an order is good: whether it may be booked at a time. The payee decides it before it hands an order in, the server before
 * it books one, `verify` and the operator's audit afterwards, all of them here. Pure; what the ledger alone knows comes after.
 *
 * An order's own times are whole seconds, a booking's and a certificate's are milliseconds. A second is compared as the millisecond
 * that it begins with.
 */
import { orderFutureMsMax, orderLifetimeMsMax } from "../limits.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import type { Code } from "./code.ts";
import type { VerifiedOrder } from "./order.ts";

/** Why an order is not good. */
export interface OrderFault {
  /** What the server refuses it with. */
  readonly code: Code;
  /** The end of a sentence about the order. */
  readonly reason: string;
  /** Whether it is so at any time: then no clock has to be remembered. */
  readonly isLasting: boolean;
}

type Judged = Pick<VerifiedOrder, "order" | "certificate">;

/**
 * @param atMs when it is booked, by the server's clock
 * @returns `undefined` when it is good
 */
export function judgeOrder(judged: Judged, { atMs }: { atMs: number }): OrderFault | undefined {
  return lastingFault(judged) ?? faultAt(judged, atMs);
}

function lastingFault({ order, certificate }: Judged): OrderFault | undefined {
  const { payer, payee, iat, exp } = order;
  const fault = (code: Code, reason: string) => ({ code, reason, isLasting: true });
  if (payer === payee) return fault(280, "is from and to the same account");
  if (exp <= iat) return fault(261, "ends before it begins");
  if ((exp - iat) * 1000 > orderLifetimeMsMax) return fault(261, "lives longer than an order may");
  if (isWithin(certificate, iat * 1000)) return undefined;
  return fault(261, "was made outside the validity of its certificate");
}

function faultAt({ order, certificate }: Judged, atMs: number): OrderFault | undefined {
  const { iat, exp } = order;
  const fault = (code: Code, reason: string) => ({ code, reason, isLasting: false });
  if (exp * 1000 <= atMs) return fault(265, "had expired before it was booked");
  // Made in our future: a clock is wrong, and booking it would let it live longer than its payer meant.
  if (iat * 1000 > atMs + orderFutureMsMax) return fault(261, "was made after it was booked");
  if (isWithin(certificate, atMs)) return undefined;
  return fault(261, "was booked outside the validity of its certificate");
}

function isWithin({ notBeforeMs, notAfterMs }: VerifiedCertificate, atMs: number): boolean {
  return notBeforeMs <= atMs && atMs <= notAfterMs;
}
