/**
 * Delivering an order, through its payee or through the server, until its outcome is known.
 * Payments, refunds and the settling of open orders all come here.
 */
import { FileError, MicropayError, UnknownOutcomeError } from "../../errors.ts";
import { orderDigest } from "../../ledger/entry.ts";
import { refuse } from "../../protocol/request_type.ts";
import { type OrderTerms, type SignedOrder, signOrder, verifyOrder } from "../../protocol/order.ts";
import type { Result } from "../../protocol/transfer.ts";
import type { MemberContext } from "../member_context.ts";
import { PeerConnections, type ReachedPeer } from "../peer_connections.ts";
import { SubmitQueue } from "../submit_queue.ts";
import type { OpenOrder } from "../wallet/wallet_store.ts";
import { askStatus, type OrderOutcome, proveBooked } from "./order_outcome.ts";
import {
  advance,
  eventOfPayeeRefusal,
  eventOfServerRefusal,
  eventOfStatusRefusal,
  type OrderEvent,
  type OrderProgress,
  restored,
} from "./order_state.ts";
import { ResultPushes } from "./result_pushes.ts";

export interface DeliveryOptions {
  /** The payee to hand the order to. Without one it is submitted to the server. */
  readonly peer?: ReachedPeer | undefined;
  /** Stops waiting, at once. */
  readonly signal?: AbortSignal | undefined;
}

interface StopOptions {
  readonly signal?: AbortSignal | undefined;
  readonly errorOf?: () => Error;
}

/** An order in the wallet, with where it stands. */
export interface TrackedOrder {
  readonly open: OpenOrder;
  readonly progress: OrderProgress;
}

export class OrderDelivery {
  readonly member: MemberContext;
  readonly peers: PeerConnections;
  readonly #submits: SubmitQueue;
  readonly #results: ResultPushes;

  constructor(member: MemberContext) {
    this.member = member;
    this.peers = new PeerConnections(member);
    this.#submits = new SubmitQueue(member.link);
    this.#results = new ResultPushes(member.link);
  }

  /**
   * Signs an order, stamped with the server's time, and records it in the wallet.
   *
   * @returns the order to deliver. This is another process's order when that one was recorded under
   * the id first. `undefined` when that one has other terms
   * @throws {FileError} when it cannot be recorded; it must not be sent then
   */
  async record(terms: OrderTerms): Promise<TrackedOrder | undefined> {
    const { anchor, identity, link, outbox } = this.member;
    const { text: jws } = signOrder(terms, { identity, anchor, clock: link });
    const open = await outbox.add({ id: terms.id, jws });
    if (open.jws === jws) return { open, progress: { state: "recorded", next: "send" } };
    return hasTerms(open, terms) ? this.track(open) : undefined;
  }

  /** @returns where an order stands that an earlier process recorded, or another one */
  track(open: OpenOrder): TrackedOrder {
    const isExpired = this.member.link.nowMs() >= open.order.exp * 1000;
    return { open, progress: restored(open.state, { isExpired }) };
  }

  /**
   * Delivers a recorded order, now or again, and waits for its outcome. The wallet then holds the
   * receipt, or the refusal.
   *
   * @throws {UnknownOutcomeError} when the outcome could not be learned, or its receipt not be
   * kept. The order stays in the wallet
   */
  async deliver(
    { open, progress }: TrackedOrder,
    { peer, signal }: DeliveryOptions,
  ): Promise<OrderOutcome> {
    const said = progress.state === "in_doubt" ? " before" : "";
    const sent = advance(progress, { kind: "sent" });
    const ended = await this.#run({ open, progress: sent }, {
      hand: (over) => peer ? this.#handToPayee(open, peer, { over }) : this.#submit(open),
      signal,
      errorOf: () => inDoubt(open, { said: `${said}, waiting was interrupted` }),
    });
    return outcomeOf(open, ended, { said });
  }

  /**
   * Asks the server about an order, as far as its state demands it, without sending it. The wallet
   * then holds what is known.
   *
   * @param options.errorOf makes the error that is thrown when `signal` aborts
   */
  async ask(tracked: TrackedOrder, options: StopOptions = {}): Promise<OrderProgress> {
    return await this.#run(tracked, options);
  }

  /** Closes the connections to payees. */
  close(): void {
    this.peers.close();
  }

  /** Takes events, and does what the order's state says, until nothing is left to do. */
  async #run(
    { open, progress }: TrackedOrder,
    { hand, signal, errorOf }: StopOptions & {
      readonly hand?: (over: AbortSignal) => Promise<OrderEvent>;
    },
  ): Promise<OrderProgress> {
    const over = new AbortController();
    const events = new EventQueue();
    const stop = () => events.fail(errorOf?.());
    const stopListening = this.#results.listen(orderDigest(open.jws), (result) => {
      const event = this.#eventOf(result, open);
      // A push that proves nothing is passed over. The payer asks when it has waited long enough.
      if (event.kind !== "silence") events.add(event);
    });
    signal?.addEventListener("abort", stop, { once: true });
    try {
      if (signal?.aborted) stop();
      if (hand) events.addLater(hand(over.signal));
      while (progress.next !== "done" && progress.next !== "send") {
        const asksToVoid = progress.next === "ask_to_void";
        if (progress.next !== "wait") events.addLater(this.#askStatus(open, { asksToVoid }));
        progress = advance(progress, await events.next());
      }
    } finally {
      over.abort();
      signal?.removeEventListener("abort", stop);
      stopListening();
    }
    return await this.#keep(open, progress);
  }

  #signed(jws: string): SignedOrder {
    return verifyOrder(jws, this.member);
  }

  async #handToPayee(
    { jws }: OpenOrder,
    peer: ReachedPeer,
    { over }: { readonly over: AbortSignal },
  ): Promise<OrderEvent> {
    const { clock, timeoutMs } = this.member;
    const late = Promise.withResolvers<undefined>();
    const cancel = clock.schedule(timeoutMs, () => late.resolve(undefined));
    try {
      const answered = this.peers.hand(jws, peer, { stop: over });
      const refusal = await Promise.race([answered, late.promise]);
      return refusal ? eventOfPayeeRefusal(refusal) : { kind: "silence" };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    } finally {
      cancel();
    }
  }

  async #submit(open: OpenOrder): Promise<OrderEvent> {
    try {
      return this.#eventOf(await this.#submits.submit(open.jws), open);
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    }
  }

  async #askStatus(
    { jws, order: { id } }: OpenOrder,
    { asksToVoid }: { readonly asksToVoid: boolean },
  ): Promise<OrderEvent> {
    try {
      const status = await askStatus(id, this.member, asksToVoid ? { voiding: jws } : {});
      if (status.outcome === "refused") return eventOfStatusRefusal(status, { asksToVoid });
      const isThis = status.receipt.order === orderDigest(jws);
      if (!isThis) return { kind: "id_taken", refusal: refuse(266), takenBy: status };
      return {
        kind: "receipt",
        paid: proveBooked(status.receiptJws, this.#signed(jws), this.member),
      };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "unanswered", cause };
    }
  }

  #eventOf({ code, text, receipt }: Result, { jws }: OpenOrder): OrderEvent {
    if (receipt === undefined) return eventOfServerRefusal({ outcome: "refused", code, text });
    try {
      return { kind: "receipt", paid: proveBooked(receipt, this.#signed(jws), this.member) };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    }
  }

  /**
   * Writes what is known now into the wallet. An order whose receipt cannot be kept is in doubt.
   */
  async #keep(
    { jws, order: { id, memo }, state }: OpenOrder,
    progress: OrderProgress,
  ): Promise<OrderProgress> {
    const { outbox, receipts } = this.member;
    try {
      if (progress.paid) {
        const { receipt, receiptJws } = progress.paid;
        await receipts.add({ receipt, receiptJws, orderJws: jws, memo });
      } else if (progress.state === "void") await outbox.remove({ id, jws });
      else if (progress.state === "refused" && state !== "refused") {
        await outbox.markRefused({ id, jws });
      }
      return progress;
    } catch (cause) {
      if (!(cause instanceof FileError)) throw cause;
      // A refusal is told all the same. The next start looks at the record again.
      return progress.paid ? { state: "in_doubt", next: "done", cause } : progress;
    }
  }
}

/** The events of one order, in the order in which they come. */
class EventQueue {
  readonly #events: OrderEvent[] = [];
  #latest: Promise<OrderEvent> | undefined;
  #arrival = Promise.withResolvers<void>();

  add(event: OrderEvent): void {
    this.#events.push(event);
    this.#arrival.resolve();
  }

  /** Adds an event that is on its way, unless a later one is on its way by then. */
  addLater(coming: Promise<OrderEvent>): void {
    this.#latest = coming;
    coming.then((event) => {
      if (this.#latest === coming) this.add(event);
    }, (error) => this.fail(error));
  }

  /** Has {@link next} throw. */
  fail(error: unknown): void {
    this.#arrival.reject(error);
  }

  async next(): Promise<OrderEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return event;
      await this.#arrival.promise;
      this.#arrival = Promise.withResolvers();
    }
  }
}

/** @returns whether an open order says the same as these terms */
export function hasTerms(
  { order }: OpenOrder,
  { payee, amount, memo, refunds }: Omit<OrderTerms, "id" | "payer">,
): boolean {
  return order.payee === payee && order.amount === amount && order.memo === memo &&
    order.refunds === refunds;
}

/** @param said what is known besides, put into the sentence */
export function inDoubt(
  { order: { id, payee } }: OpenOrder,
  { cause, said = "" }: { readonly cause?: unknown; readonly said?: string } = {},
): UnknownOutcomeError {
  return new UnknownOutcomeError(
    `pay ${payee}: the order ${id} was sent${said}, and whether it is booked is not known`,
    { cause, orderId: id },
  );
}

/** @throws {UnknownOutcomeError} when it is not known */
function outcomeOf(
  open: OpenOrder,
  { cause, paid, refusal, state }: OrderProgress,
  { said }: { readonly said: string },
): OrderOutcome {
  if (paid) return paid;
  if (state !== "in_doubt") return refusal ?? refuse(265);
  const answer = refusal ? `, the answer was ${refusal.code}` : "";
  throw inDoubt(open, { cause, said: `${said}${answer}` });
}
