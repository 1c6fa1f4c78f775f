/**
 * Openings, deposits and withdrawals: money that enters or leaves the ledger. The server signs
 * their orders.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { type Booking, type EntrySide, issuingAccount } from "../ledger/entry.ts";
import type { Amount } from "../money.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { makeOrderId, type Random } from "../random.ts";
import { signOrder } from "./order.ts";
import { judgeOrder } from "./order_validity.ts";

/** An opening, deposit or withdrawal. */
export interface Issue {
  readonly kind: "opening" | "deposit" | "withdrawal";
  /** The member's account. */
  readonly name: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
}

/** What {@link signIssue} needs. */
export interface IssueDependencies {
  /** The server's identity. */
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
  { kind, name, amount, memo }: Issue,
  { identity, anchor, clock, random }: IssueDependencies,
): Booking {
  const id = makeOrderId(clock, random);
  const atMs = clock.nowMs();
  const [payer, payee]: readonly EntrySide[] = kind === "withdrawal"
    ? [name, issuingAccount]
    : [issuingAccount, name];
  const terms = { id, payer: payer!, payee: payee!, amount, memo };
  const order = signOrder(terms, { identity, anchor, clock: { nowMs: () => atMs } });
  // An audit judges the server's own orders too.
  const fault = judgeOrder(order, { atMs });
  if (fault) throw new CertificateError(`sign a ${kind}: the order ${fault.reason}`);
  return {
    id,
    kind,
    payer: payer!,
    payee: payee!,
    amount,
    ...(memo !== undefined && { memo }),
    orderJws: order.text,
    orderDigest: order.digest,
    atMs,
  };
}
