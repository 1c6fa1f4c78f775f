/**
 * Judges whether an order may be booked at a time. The payee asks before it submits an order, the
 * server before it books one, and `verify` and the audit afterwards. Rules that need the ledger are
 * not here.
 *
 * The times of orders are whole seconds. Those of bookings and certificates are milliseconds. A
 * second is compared as its first millisecond.
 */
import { orderFutureMsMax, orderLifetimeMsMax } from "../limits.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import type { Code } from "./code.ts";
import { isDerivedByAnother } from "./derived_order_id.ts";
import type { Order } from "./order.ts";
import type { CarriedRequest } from "./payment_request.ts";

/** Why an order is not valid. */
export interface OrderFault {
  /** The code of the refusal. */
  readonly code: Code;
  /** The end of a sentence about the order. */
  readonly reason: string;
  /** Whether the order is invalid at any time. Then the refusal need not be stored. */
  readonly isLasting: boolean;
}

/** What the judgement depends on. */
export interface JudgedOrder {
  readonly payload: Omit<Order, "ledger">;
  readonly request: CarriedRequest;
  readonly signer: VerifiedCertificate;
}

/**
 * Returns why an order is not valid at a time, or `undefined` when it is valid.
 *
 * @param options.atMs the time of booking by the server's clock, in milliseconds since the epoch
 */
export function judgeOrder(
  judged: JudgedOrder,
  { atMs }: { atMs: number },
): OrderFault | undefined {
  return lastingFault(judged) ?? faultAt(judged, atMs);
}

/** Returns why an order does not pay the request that it carries, or has an id of others. */
function requestFault({ payload, request }: JudgedOrder): OrderFault | undefined {
  const { id, payer, payee, amount, memo, refunds } = payload;
  if (request === undefined) {
    if (!isDerivedByAnother(id, payer)) return undefined;
    return lasting(261, "has an id that another account derived");
  }
  if (request === "invalid") return lasting(273, "carries no genuine payment request");
  const wanted = request.payload;
  const isPayment = id === request.id && refunds === undefined && payee === wanted.payee &&
    amount === wanted.amount && memo === wanted.memo && payer === (wanted.payer ?? payer);
  return isPayment
    ? undefined
    : lasting(273, "is another payment than its payment request asks for");
}

function lastingFault(judged: JudgedOrder): OrderFault | undefined {
  const { payload, signer } = judged;
  const { payer, payee, iat, exp } = payload;
  if (payer === payee) return lasting(280, "is from and to the same account");
  const aboutRequest = requestFault(judged);
  if (aboutRequest) return aboutRequest;
  if (exp <= iat) return lasting(261, "ends before it begins");
  if ((exp - iat) * 1000 > orderLifetimeMsMax) {
    return lasting(261, "lives longer than an order may");
  }
  if (isWithin(signer, iat * 1000)) return undefined;
  return lasting(261, "was made outside the validity of its certificate");
}

function lasting(code: Code, reason: string): OrderFault {
  return { code, reason, isLasting: true };
}

function faultAt({ payload, request, signer }: JudgedOrder, atMs: number): OrderFault | undefined {
  const { iat, exp } = payload;
  const fault = (code: Code, reason: string) => ({ code, reason, isLasting: false });
  if (exp * 1000 <= atMs) return fault(265, "had expired before it was booked");
  // A clock is wrong. If it was booked, it would live longer than its payer meant.
  if (iat * 1000 > atMs + orderFutureMsMax) return fault(261, "was made after it was booked");
  if (!isWithin(signer, atMs)) {
    return fault(261, "was booked outside the validity of its certificate");
  }
  if (request === undefined || request === "invalid" || request.payload.exp * 1000 > atMs) {
    return undefined;
  }
  return fault(274, "was booked after its payment request had expired");
}

function isWithin({ notBeforeMs, notAfterMs }: VerifiedCertificate, atMs: number): boolean {
  return notBeforeMs <= atMs && atMs <= notAfterMs;
}
