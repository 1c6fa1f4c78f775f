/** Tells followers what this process decided about orders, commit by commit. */
import { type Booking, isSignedByPayer } from "./entry.ts";
import type { BookOutcome, Decision, DecisionListener, Voiding, VoidOutcome } from "./ledger.ts";

export class DecisionFeed {
  readonly #listeners = new Set<DecisionListener>();
  /** The decisions of the open transaction. */
  #open: Decision[] = [];

  /** Starts to tell a listener. Returns a function that stops that. */
  follow(listener: DecisionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts a transaction, and drops what was decided in one that was undone. */
  begin(): void {
    this.#open = [];
  }

  /** Takes the outcome of a booking in the open transaction, and returns it. */
  book(outcome: BookOutcome, cause: Booking): BookOutcome {
    const isNew = outcome.outcome === "booked" && isSignedByPayer(outcome.entry.kind);
    if (isNew) this.#open.push({ entry: outcome.entry, cause });
    return outcome;
  }

  /** Takes the outcome of a voiding in the open transaction, and returns it. */
  voidOrder(outcome: VoidOutcome, cause: Voiding): VoidOutcome {
    if (outcome.outcome === "voided") this.#open.push({ voided: cause, cause });
    return outcome;
  }

  /** Returns what the transaction decided, once. */
  take(): Decision[] {
    const decisions = this.#open;
    this.#open = [];
    return decisions;
  }

  /** Tells what the transaction decided, after its commit. */
  committed(): void {
    const decisions = this.take();
    if (decisions.length === 0) return;
    for (const listener of this.#listeners) listener(decisions);
  }
}
