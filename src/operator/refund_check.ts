/**
 * Checks that each refund reverses an earlier payment, and that all refunds of a payment stay
 * within its amount.
 */
import { refundedPaymentsRememberedMax } from "../limits.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { type DecodedEntry, decodeEntry } from "../ledger/stored_rows.ts";

interface RefundedPayment {
  readonly payment: Pick<DecodedEntry, "number" | "kind" | "payer" | "payee" | "amount">;
  /** The sum of its refunds up to the last checked entry. */
  refunded: number;
}

/** Adds up the refunds of each payment. */
export class RefundCheck {
  readonly #snapshot: Pick<LedgerSnapshot, "entryById" | "refundsOf">;
  readonly #paymentsMax: number;
  readonly #payments = new Map<string, RefundedPayment>();
  /** Whether a refund may be missing from the remembered ones. */
  #hasForgotten = false;

  constructor(
    snapshot: Pick<LedgerSnapshot, "entryById" | "refundsOf">,
    { paymentsMax = refundedPaymentsRememberedMax }: { paymentsMax?: number } = {},
  ) {
    this.#snapshot = snapshot;
    this.#paymentsMax = paymentsMax;
  }

  /**
   * Checks an entry. Call it with every entry, in order, from the first.
   *
   * @returns a sentence about the fault, or `undefined`
   */
  check({ number, payer, payee, amount, refunds }: DecodedEntry): string | undefined {
    if (refunds === undefined) return undefined;
    const known = this.#payments.get(refunds) ?? this.#lookUp(refunds, number);
    const payment = known?.payment;
    const isReverse = payment?.kind === "payment" && payment.number < number &&
      payment.payer === payee && payment.payee === payer;
    if (!known || !isReverse) {
      return `it refunds ${refunds}, which is no earlier payment from its payee to its payer`;
    }
    known.refunded += amount;
    const { refunded } = known;
    if (refunded <= payment.amount) return undefined;
    return `all refunds of ${refunds} are ${refunded} with it, more than its ${payment.amount}`;
  }

  #lookUp(id: string, before: number): RefundedPayment | undefined {
    const row = this.#snapshot.entryById(id);
    const entry = row && decodeEntry(row);
    if (typeof entry !== "object") return undefined;
    if (this.#payments.size >= this.#paymentsMax) {
      this.#payments.clear();
      this.#hasForgotten = true;
    }
    const { number, kind, payer, payee, amount } = entry;
    const refunded = this.#hasForgotten ? this.#refundedBefore(id, before) : 0;
    const known = { payment: { number, kind, payer, payee, amount }, refunded };
    this.#payments.set(id, known);
    return known;
  }

  #refundedBefore(id: string, before: number): number {
    let refunded = 0;
    for (const { number, amount } of this.#snapshot.refundsOf(id)) {
      if (Number(number) < before) refunded += Number(amount);
    }
    return refunded;
  }
}
