/**
 * Tells each payment to a member's own side once, although a payment can come live, from the past,
 * and from an earlier connection.
 */
import { heldPaymentsMax, toldPaymentsMax } from "../../limits.ts";
import type { IncomingPayment } from "./incoming_payments.ts";

export class ToldPayments {
  readonly #tell: (payment: IncomingPayment) => void;
  /** Entries after {@link since} that were told. */
  readonly #told = new Set<number>();
  /** Payments that came live while the past is read; `undefined` while none is held. */
  #held: IncomingPayment[] | undefined;
  /** Whether there were too many to hold. The ledger has them. */
  #hasDropped = false;
  #since: number;

  /** @param since the entry after which payments are told */
  constructor(since: number, tell: (payment: IncomingPayment) => void) {
    this.#since = since;
    this.#tell = tell;
  }

  /** An entry up to which all payments were told. */
  get since(): number {
    return this.#since;
  }

  /** Holds live payments from now on, until the past is told. Drops those that it held before. */
  hold(): void {
    this.#held = [];
    this.#hasDropped = false;
  }

  /**
   * Tells the held payments in order of their entries, and holds no more.
   *
   * @returns `false` when it dropped some. Then it goes on holding, and the payments after
   * {@link since} must be read as the past once more
   */
  release(): boolean {
    if (this.#hasDropped) {
      this.hold();
      return false;
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    held.sort((a, b) => entryOf(a) - entryOf(b)).forEach((payment) => this.#once(payment));
    return true;
  }

  /** Takes a payment that arrives. */
  live(payment: IncomingPayment): void {
    if (!this.#held) return this.#once(payment);
    this.#hasDropped ||= this.#held.length === heldPaymentsMax;
    if (this.#hasDropped) this.#held = [];
    else this.#held.push(payment);
  }

  /** Takes the next payment of the past. Those before it were told. */
  past(payment: IncomingPayment): void {
    this.#once(payment);
    this.#forgetUpTo(entryOf(payment));
  }

  #once(payment: IncomingPayment): void {
    const entry = entryOf(payment);
    if (entry <= this.#since || this.#told.has(entry)) return;
    this.#told.add(entry);
    if (this.#told.size > 2 * toldPaymentsMax) {
      this.#forgetUpTo([...this.#told].sort((a, b) => a - b)[toldPaymentsMax]!);
    }
    this.#tell(payment);
  }

  #forgetUpTo(entry: number): void {
    this.#since = Math.max(this.#since, entry);
    for (const told of this.#told) if (told <= this.#since) this.#told.delete(told);
  }
}

function entryOf({ receipt }: IncomingPayment): number {
  return receipt.payload.entry;
}
