/**
 * Delivering an order, through its payee or through the server, until its outcome is known.
 * Payments, refunds and the settling of open orders all come here.
 */
import {
  FileError,
  messageOf,
  MicropayError,
  ProtocolError,
  UnknownOutcomeError,
} from "../../errors.ts";
import { refuse } from "../../protocol/request_type.ts";
import { type OrderTerms, type SignedOrder, signOrder, verifyOrder } from "../../protocol/order.ts";
import { packDocument } from "../../protocol/packed_document.ts";
import { unpackReceipt } from "../../protocol/receipt.ts";
import type { Result } from "../../protocol/transfer.ts";
import type { MemberContext } from "../member_context.ts";
import { PeerConnections, type ReachedPeer } from "../peer_connections.ts";
import { SubmitQueue } from "../submit_queue.ts";
import type { ExceededLimit } from "../wallet/payment_limits.ts";
import type { StoredOrder } from "../wallet/wallet_store.ts";
import {
  askStatus,
  type OrderOutcome,
  type OrderRefusal,
  outcomeUnderId,
  type Paid,
  proveBooked,
} from "./order_outcome.ts";
import {
  advance,
  eventOfPayeeRefusal,
  eventOfServerRefusal,
  eventOfStatusRefusal,
  newlyRecorded,
  type OrderEvent,
  type OrderProgress,
  restored,
} from "./order_state.ts";
import { ResultPushes } from "./result_pushes.ts";

interface DeliveryOptions {
  /** The payee to hand the order to. Without one it is submitted to the server. */
  readonly peer?: ReachedPeer | undefined;
  /** Whether a payment that another process made under the same id is the one that is wanted. */
  readonly isSame: (paid: Paid) => boolean;
  readonly signal?: AbortSignal | undefined;
}

interface StopOptions {
  readonly signal?: AbortSignal | undefined;
  readonly errorOf?: () => Error;
}

export interface TrackedOrder {
  readonly order: SignedOrder;
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
   * @param options `replaces`: a void order under the same id, whose record this one takes
   * @returns the order to deliver. This is another process's order when that one was recorded under
   * the id first. Refused with 266 when that one has other terms, with 271 or 272 beyond a limit
   * @throws {FileError} when it cannot be recorded; it must not be sent then
   */
  async record(
    terms: OrderTerms,
    { replaces }: { readonly replaces?: SignedOrder | undefined } = {},
  ): Promise<TrackedOrder | OrderRefusal> {
    const { anchor, identity, link, outbox } = this.member;
    const order = signOrder(terms, { identity, anchor, clock: link, replaces });
    const stored = await outbox.add(order, { replaces });
    if ("exceeded" in stored) return refuseBeyond(stored);
    if (stored.text === order.text) return { order, progress: newlyRecorded };
    const other = this.#restore(terms.id, stored);
    return hasTerms(other.order, terms) ? other : refuse(266);
  }

  /**
   * Reads an order from the wallet that an earlier process recorded, or another one.
   *
   * @throws {FileError} when its record is damaged
   */
  async find(id: string): Promise<TrackedOrder | undefined> {
    const stored = await this.member.outbox.get(id);
    return stored && this.#restore(id, stored);
  }

  /**
   * Delivers a recorded order, now or again, and waits for its outcome. The wallet then holds the
   * receipt, or the refusal.
   *
   * @throws {UnknownOutcomeError} when the outcome could not be learned, or its receipt not be
   * kept. The order stays in the wallet
   */
  async deliver(
    { order, progress }: TrackedOrder,
    { peer, isSame, signal }: DeliveryOptions,
  ): Promise<OrderOutcome> {
    const said = progress.state === "in_doubt" ? " before" : "";
    const sent = advance(progress, { kind: "sent" });
    const ended = await this.#run({ order, progress: sent }, {
      hand: (over) => peer ? this.#handToPayee(order, peer, { over }) : this.#submit(order),
      signal,
      errorOf: () => unknownOutcome(order, { said: `${said}, waiting was interrupted` }),
    });
    if (ended.state === "void") await this.forget(order);
    if (ended.takenBy) return outcomeUnderId(ended.takenBy, isSame);
    const outcome = outcomeOf(order, ended, { said });
    if (outcome.outcome === "refused") return outcome;
    return { ...outcome, way: peer?.connection.way ?? "server" };
  }

  /**
   * Asks the server about an order, as far as its state demands it, without sending it. The wallet
   * then holds a receipt or a refusal. The record of a void order stays until {@link forget}, so
   * that a kill before its payer is told leaves it to the next start.
   *
   * @param options.errorOf makes the error that is thrown when `signal` aborts
   */
  async ask(tracked: TrackedOrder, options: StopOptions = {}): Promise<OrderProgress> {
    return await this.#run(tracked, options);
  }

  /**
   * Asks the server about an order whose id is paid again, as {@link ask}. A refused one is then
   * void, and {@link record} may replace it.
   */
  async askToRetry(
    { order, progress }: TrackedOrder,
    options: StopOptions,
  ): Promise<OrderProgress> {
    const isRefused = progress.state === "refused";
    const retried = isRefused ? advance(progress, { kind: "retry" }) : progress;
    return await this.#run({ order, progress: retried }, options);
  }

  /** Removes the record of a void order, whose payer is told now. */
  async forget(order: SignedOrder): Promise<void> {
    try {
      await this.member.outbox.remove(order);
    } catch (error) {
      // It is told all the same. The next start finds the record again.
      if (!(error instanceof FileError)) throw error;
    }
  }

  /** Takes events, and does what the order's state says, until nothing is left to do. */
  async #run(
    { order, progress }: TrackedOrder,
    { hand, signal, errorOf }: StopOptions & {
      readonly hand?: (over: AbortSignal) => Promise<OrderEvent>;
    },
  ): Promise<OrderProgress> {
    const over = new AbortController();
    const events = new EventQueue();
    const stop = () => events.fail(errorOf?.());
    const stopListening = this.#results.listen(order.digest, (result) => {
      const event = this.#eventOf(result, order);
      // A push that proves nothing is passed over. The payer asks when it has waited long enough.
      if (event.kind !== "silence") events.add(event);
    });
    signal?.addEventListener("abort", stop, { once: true });
    try {
      if (signal?.aborted) stop();
      if (hand) events.addLater(hand(over.signal));
      while (progress.next !== "done" && progress.next !== "send") {
        const asksToVoid = progress.next === "ask_to_void";
        if (progress.next !== "wait") events.addLater(this.#askStatus(order, { asksToVoid }));
        progress = advance(progress, await events.next());
      }
    } finally {
      // The default reason is an exception with a stack, which costs ten times as much.
      over.abort("the outcome is known");
      signal?.removeEventListener("abort", stop);
      stopListening();
    }
    return await this.#keep(order, progress);
  }

  #restore(id: string, { text, state }: StoredOrder): TrackedOrder {
    const { anchor, link, receiptsFile } = this.member;
    try {
      const order = verifyOrder(text, { anchor });
      if (order.payload.id !== id) throw new ProtocolError("it is another order");
      const isExpired = link.nowMs() >= order.payload.exp * 1000;
      return { order, progress: restored(state, { isExpired }) };
    } catch (cause) {
      throw new FileError(
        `read ${receiptsFile}: the row ${id} of open_order is not an order (${
          messageOf(cause)
        }); ` +
          "ask for its id with status, then delete the row with sqlite3",
        { cause },
      );
    }
  }

  async #handToPayee(
    order: SignedOrder,
    peer: ReachedPeer,
    { over }: { readonly over: AbortSignal },
  ): Promise<OrderEvent> {
    const { clock, identity, timeoutMs } = this.member;
    // The payee has the certificate of the connection, and no earlier one of this member.
    const isCurrent = order.signer.fingerprint === identity.certificate.fingerprint;
    const text = isCurrent ? packDocument(order) : order.text;
    const late = Promise.withResolvers<undefined>();
    const cancel = clock.schedule(timeoutMs, () => late.resolve(undefined));
    try {
      const handing = this.peers.hand(text, peer, { stop: over });
      const handed = await Promise.race([handing, late.promise]);
      // The payee may be at another address, or have another certificate, since it was reached.
      if (!over.aborted) this.peers.forget(peer.name);
      if (handed?.kind === "refused") return eventOfPayeeRefusal(handed.refusal);
      if (handed?.kind === "gone") return { kind: "payee_gone", refusal: handed.refusal };
      return { kind: "silence" };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    } finally {
      cancel();
    }
  }

  async #submit(order: SignedOrder): Promise<OrderEvent> {
    try {
      return this.#eventOf(await this.#submits.submit(order), order);
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    }
  }

  async #askStatus(
    order: SignedOrder,
    { asksToVoid }: { readonly asksToVoid: boolean },
  ): Promise<OrderEvent> {
    const { digest, payload: { id }, text } = order;
    try {
      const status = await askStatus(id, this.member, asksToVoid ? { voiding: text } : {});
      if (status.outcome === "refused") return eventOfStatusRefusal(status, { asksToVoid });
      const isThis = status.receipt.payload.order === digest;
      if (!isThis) return { kind: "id_taken", refusal: refuse(266), takenBy: status };
      return { kind: "receipt", paid: status };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "unanswered", cause };
    }
  }

  #eventOf({ code, text, receipt }: Result, order: SignedOrder): OrderEvent {
    if (receipt === undefined) return eventOfServerRefusal({ outcome: "refused", code, text });
    try {
      const complete = unpackReceipt(receipt, order, this.member.link);
      return { kind: "receipt", paid: proveBooked(complete, order, this.member) };
    } catch (cause) {
      if (!(cause instanceof MicropayError)) throw cause;
      return { kind: "silence", cause };
    }
  }

  /** Writes what is known now into the wallet. Without its receipt kept, an order is in doubt. */
  async #keep(order: SignedOrder, progress: OrderProgress): Promise<OrderProgress> {
    const { outbox, receipts } = this.member;
    try {
      if (progress.paid) await receipts.add(progress.paid.receipt, order);
      else if (progress.state === "refused") await outbox.markRefused(order);
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
  #failure: { readonly error: unknown } | undefined;
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

  /** Has {@link next} throw from now on, also when events wait. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#arrival.resolve();
  }

  async next(): Promise<OrderEvent> {
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      const event = this.#events.shift();
      if (event) return event;
      await this.#arrival.promise;
      this.#arrival = Promise.withResolvers();
    }
  }
}

export function hasTerms(
  { payload }: SignedOrder,
  { payee, amount, memo, refunds }: Omit<OrderTerms, "id" | "payer" | "request">,
): boolean {
  return payload.payee === payee && payload.amount === amount && payload.memo === memo &&
    payload.refunds === refunds;
}

/** Refuses an order for the wallet, and names the limit. */
function refuseBeyond(exceeded: ExceededLimit): OrderRefusal {
  const { limit, left } = exceeded;
  const refusal = exceeded.exceeded === "perPayment"
    ? refuse(271, String(limit))
    : refuse(272, `${left} of ${limit}`);
  return { ...refusal, exceeded };
}

/** @param said what is known besides, put into the sentence */
export function unknownOutcome(
  { payload: { id, payee } }: SignedOrder,
  { cause, said = "" }: { readonly cause?: unknown; readonly said?: string } = {},
): UnknownOutcomeError {
  return new UnknownOutcomeError(
    `pay ${payee}: the order ${id} was sent${said}, and whether it is booked is not known`,
    { cause, orderId: id },
  );
}

/** @throws {UnknownOutcomeError} when it is not known */
function outcomeOf(
  order: SignedOrder,
  { cause, paid, refusal, state }: OrderProgress,
  { said }: { readonly said: string },
): OrderOutcome {
  if (paid) return paid;
  if (state !== "in_doubt") return refusal ?? refuse(265);
  const answer = refusal ? `, the answer was ${refusal.code}` : "";
  throw unknownOutcome(order, { cause, said: `${said}${answer}` });
}
