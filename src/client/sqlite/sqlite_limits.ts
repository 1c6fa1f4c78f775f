/**
 * The limits of one account, in the table `payment_limit`, and what counts towards them.
 */
import {
  changedLimits,
  type ExceededLimit,
  exceededLimit,
  isRaise,
  type LimitChange,
  limitDayMs,
  noLimits,
  type PaymentLimits,
} from "../wallet/payment_limits.ts";
import type { Limits, PaymentAllowance } from "../wallet/wallet_store.ts";
import { AccountPart, type WalletStatements } from "./wallet_statements.ts";

type Owner = readonly [ledger: string, account: string];

export class SqliteLimits extends AccountPart implements Limits {
  read(atMs: number): Promise<PaymentAllowance> {
    return this.store.read<PaymentAllowance>((sql) => ({
      limits: limitsIn(sql, this.owner),
      paid: paidIn(sql, this.owner, { atMs }),
    }), { limits: noLimits, paid: 0 });
  }

  set(change: LimitChange, { mayRaise }: { readonly mayRaise: boolean }): Promise<boolean> {
    return this.store.write((sql) => {
      const before = limitsIn(sql, this.owner);
      if (!mayRaise && isRaise(change, before)) return false;
      const { perPayment = null, perDay = null } = changedLimits(change, before);
      sql.setLimits.run(...this.owner, perPayment, perDay);
      return true;
    });
  }
}

/**
 * Returns the limit that an order would exceed. Call it in the transaction that records the order,
 * so that no other process records one in between.
 */
export function exceededIn(
  sql: WalletStatements,
  owner: Owner,
  { amount, atMs, exceptId }: {
    readonly amount: number;
    readonly atMs: number;
    /** An open order that does not count. */
    readonly exceptId: string;
  },
): ExceededLimit | undefined {
  const limits = limitsIn(sql, owner);
  return exceededLimit(amount, limits, () => paidIn(sql, owner, { atMs, exceptId }));
}

function limitsIn(sql: WalletStatements, owner: Owner): PaymentLimits {
  const { per_payment, per_day } = sql.limits.get(...owner) ?? {};
  return { perPayment: limitIn(per_payment), perDay: limitIn(per_day) };
}

function limitIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function paidIn(
  sql: WalletStatements,
  owner: Owner,
  { atMs, exceptId = "" }: { readonly atMs: number; readonly exceptId?: string },
): number {
  const since = new Date(atMs - limitDayMs).toISOString();
  const booked = sql.paidSince.get(...owner, since)!.amount as number;
  return booked + (sql.openAmount.get(...owner, exceptId)!.amount as number);
}
