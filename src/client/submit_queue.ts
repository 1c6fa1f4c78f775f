/**
 * Handing orders to the server, as many in one message as wait at a time.
 */
import { InterruptedError, ProtocolError } from "../errors.ts";
import { bodyBytesMax, ordersPerSubmitMax } from "../limits.ts";
import { orderDigest } from "../ledger/entry.ts";
import type { SignedOrder } from "../protocol/order.ts";
import { packDocument } from "../protocol/packed_document.ts";
import type { Outcome } from "../protocol/request_type.ts";
import { type Result, submitRequestType } from "../protocol/transfer.ts";
import type { ServerLink } from "./server_link.ts";

type SubmittedOrder = Pick<SignedOrder, "text" | "digest"> & {
  readonly payload: Pick<SignedOrder["payload"], "payer">;
  readonly signer: Pick<SignedOrder["signer"], "fingerprint">;
};

interface Waiting {
  readonly order: SubmittedOrder;
  /** What is sent. The server has the certificate of every member. */
  readonly packed: string;
  /** Orders of a lower round go first. Each round has one order of each payer. */
  readonly round: number;
  readonly result: PromiseWithResolvers<Result>;
}

export class SubmitQueue {
  readonly #link: ServerLink;
  readonly #waiting: Waiting[] = [];
  #isSubmitting = false;

  constructor(link: ServerLink) {
    this.#link = link;
  }

  /**
   * Submits an order. While a `submit` is under way, orders wait and travel together in the next
   * one. Payers take turns, so that nobody waits for the many orders of another payer.
   *
   * @returns the server's result for this order, whose receipt is not verified
   * @throws {InterruptedError} when it was withdrawn
   * @throws as {@link ServerLink.ask}, when the server may have the order and said nothing of it
   */
  submit(order: SubmittedOrder): Promise<Result> {
    const result = Promise.withResolvers<Result>();
    this.#enqueue(order, result);
    if (!this.#isSubmitting) {
      this.#isSubmitting = true;
      // Orders that are submitted at the same moment are in the queue by then.
      queueMicrotask(() => this.#submitAll());
    }
    return result.promise;
  }

  /** Takes back the orders that were not sent to the server yet. */
  withdraw(): void {
    const error = new InterruptedError("submit an order: it was withdrawn; nothing was sent");
    for (const { result } of this.#waiting.splice(0)) result.reject(error);
  }

  #enqueue(order: SubmittedOrder, result: PromiseWithResolvers<Result>): void {
    const { payer } = order.payload;
    const last = this.#waiting.findLast((one) => one.order.payload.payer === payer);
    const round = last ? last.round + 1 : this.#waiting[0]?.round ?? 0;
    const end = this.#waiting.findIndex((one) => one.round > round);
    const waiting = { order, packed: packDocument(order), round, result };
    this.#waiting.splice(end === -1 ? this.#waiting.length : end, 0, waiting);
  }

  async #submitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#submitSome(this.#waiting.splice(0, this.#fitting()));
    }
    this.#isSubmitting = false;
  }

  async #submitSome(batch: readonly Waiting[]): Promise<void> {
    try {
      const orders = batch.map(({ packed }) => packed);
      const outcome = await this.#link.ask(submitRequestType, { orders }, hasNoDatabase);
      const results = outcome.outcome === "answered" ? outcome.answer.results : undefined;
      for (const [index, { order: { digest }, packed, result }] of batch.entries()) {
        const answer = results?.[index];
        // Without the certificate, the server can only compute the digest of what was sent.
        const digests = [digest, orderDigest(packed)];
        if (outcome.outcome === "refused") {
          const { code, text } = outcome;
          result.resolve({ order: digest, code, text });
        } else if (answer && digests.includes(answer.order)) result.resolve(answer);
        else result.reject(new ProtocolError("read the results of a submit: one is missing"));
      }
    } catch (error) {
      for (const { result } of batch) result.reject(error);
    }
  }

  /** @returns how many of the waiting orders fit into one message; 1 or more */
  #fitting(): number {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ packed }, index) => {
      // The order, with the quotes and the comma around it.
      bytes += packed.length + 3;
      return index === ordersPerSubmitMax || (index > 0 && bytes > bodyBytesMax - 64);
    });
    return end === -1 ? this.#waiting.length : end;
  }
}

/** Returns whether the server could not decide about the orders, and another one may. */
function hasNoDatabase(outcome: Outcome<{ readonly results: readonly Result[] }>): boolean {
  if (outcome.outcome === "refused") return outcome.code === 510;
  return outcome.answer.results.some(({ code }) => code === 510);
}
