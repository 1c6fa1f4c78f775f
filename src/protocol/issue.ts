/**
 * Openings, deposits and withdrawals: money that enters or leaves the ledger. The server signs
 * their orders.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { type Booking, issuingAccount } from "../ledger/entry.ts";
import type { Amount } from "../money.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { makeOrderId, type Random } from "../random.ts";
import { bookingOf, signOrder } from "./order.ts";
import { judgeOrder } from "./order_validity.ts";

/** An opening, deposit or withdrawal. */
export interface Issue {
  readonly kind: "opening" | "deposit" | "withdrawal";
  readonly name: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** The order's id. A new one when absent. */
  readonly id?: string | undefined;
}

/** What {@link signIssue} needs: the server's identity, and its clock. */
interface IssueDependencies {
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

/**
 * Signs the order of an issue, and returns its booking at the same moment.
 *
 * @throws {CertificateError} when the server's certificate is not valid now
 */
export function signIssue(
  { kind, name, amount, memo, id }: Issue,
  { identity, anchor, clock, random }: IssueDependencies,
): Booking {
  const atMs = clock.nowMs();
  const at = { nowMs: () => atMs };
  const terms = {
    id: id ?? makeOrderId(at, random),
    payer: kind === "withdrawal" ? name : issuingAccount,
    payee: kind === "withdrawal" ? issuingAccount : name,
    amount,
    ...(memo !== undefined && { memo }),
  } as const;
  const order = signOrder(terms, { identity, anchor, clock: at });
  // An audit judges the server's own orders too.
  const fault = judgeOrder(order, { atMs });
  if (fault) throw new CertificateError(`sign a ${kind}: the order ${fault.reason}`);
  return bookingOf(order, { kind, atMs });
}
