/**
 * Whether refunds are of earlier payments the other way round, and together within them.
 */
import type { Entry } from "../ledger/entry.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { decodeEntry } from "./stored_entry.ts";

interface RefundedPayment {
  readonly payment: Entry;
  /** All refunds up to the entry that was checked last. */
  refunded: number;
}

/**
 * Refunded payments remembered; one that comes again after so many others is looked up again. Without them a payment that is
 * refunded in many small parts would be added up from the start for each of them.
 */
const paymentsMax = 10_000;

export class RefundCheck {
  readonly #snapshot: LedgerSnapshot;
  readonly #payments = new Map<string, RefundedPayment>();

  constructor(snapshot: LedgerSnapshot) {
    this.#snapshot = snapshot;
  }

  /**
   * To be called with every entry, in their order.
   *
   * @returns a sentence about what is wrong, or `undefined`
   */
  check({ number, payer, payee, amount, refunds }: Entry): string | undefined {
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

  #lookUp(id: string, number: number): RefundedPayment | undefined {
    const row = this.#snapshot.entryById(id);
    const payment = row && decodeEntry(row);
    if (typeof payment !== "object") return undefined;
    let refunded = 0;
    for (const refund of this.#snapshot.refundsOf(id)) {
      if (Number(refund.number) < number) refunded += Number(refund.amount);
    }
    if (this.#payments.size >= paymentsMax) this.#payments.clear();
    const known = { payment, refunded };
    this.#payments.set(id, known);
    return known;
  }
}
