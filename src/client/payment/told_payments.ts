/**
 * Tells each payment to a member's own side once, although a payment can come live, from the past,
 * and from an earlier connection.
 */
import { toldPaymentsMax } from "../../limits.ts";
import type { IncomingPayment } from "./incoming_payments.ts";

export class ToldPayments {
  readonly #tell: (payment: IncomingPayment) => void;
  /** Entries after {@link since} that were told. */
  readonly #told = new Set<number>();
  /** Payments that come live while the past is read. */
  #held: IncomingPayment[] | undefined;
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

  /** Holds live payments back from now on, until the past is told. What was held is dropped. */
  hold(): void {
    this.#held = [];
  }

  /** Tells the payments that were held, in order of their entries. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    held.sort((a, b) => entryOf(a) - entryOf(b)).forEach((payment) => this.#once(payment));
  }

  /** Takes a payment that arrives. */
  live(payment: IncomingPayment): void {
    if (this.#held) this.#held.push(payment);
    else this.#once(payment);
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
