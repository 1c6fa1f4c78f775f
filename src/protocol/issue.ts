/**
 * Money that comes into the ledger or leaves it: an entry like all others, whose order the server's identity signs.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { CertificateError } from "../errors.ts";
import { type Booking, type EntryParty, issuingAccount } from "../ledger/entry.ts";
import type { Amount } from "../money.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { makeOrderId, type Random } from "../random.ts";
import { signOrder } from "./order.ts";
import { judgeOrder } from "./order_validity.ts";

export interface Issue {
  readonly kind: "opening" | "deposit" | "withdrawal";
  /** Whose account it is about. */
  readonly name: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
}

export interface IssueDependencies {
  /** The server's. */
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

/**
 * Signs the order and makes what is to be booked, all of it at one moment.
 *
 * @throws {CertificateError} when the server's certificate is not valid now
 */
export function signIssue(
  { kind, name, amount, memo }: Issue,
  { identity, anchor, clock, random }: IssueDependencies,
): Booking {
  const id = makeOrderId(clock, random);
  const atMs = clock.nowMs();
  const [payer, payee]: readonly EntryParty[] = kind === "withdrawal"
    ? [name, issuingAccount]
    : [issuingAccount, name];
  const terms = { id, payer: payer!, payee: payee!, amount, memo };
  const order = signOrder(terms, { identity, anchor, clock: { nowMs: () => atMs } });
  // An audit judges the server's own orders, too.
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
