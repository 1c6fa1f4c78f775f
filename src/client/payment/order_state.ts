/**
 * The state of one order, as its payer knows it. Pure: an event changes the state, and says what
 * the payer does next. Everything that delivers or settles an order follows this table.
 *
 * - `recorded`: it is in the wallet and is not on its way
 * - `sent`: it was handed over, and its outcome is awaited
 * - `in_doubt`: it was sent, and may be booked or not
 * - `booked`: a receipt proves that it is booked
 * - `refused`: the server refused it for good. Its record stays until it has expired
 * - `void`: the server never books it
 */
import { ClosedError } from "../../errors.ts";
import { codes } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/request_type.ts";
import type { OrderRefusal, Paid } from "./order_outcome.ts";

export type OrderState = "recorded" | "sent" | "in_doubt" | "booked" | "refused" | "void";

/**
 * What a payer does next: `send` where the order is not booked and may be sent, now or again; `ask`
 * by a `status` request; `ask_to_void` by a `status` request with `void`.
 */
export type NextStep = "send" | "wait" | "ask" | "ask_to_void" | "done";

export type OrderEvent =
  /** It is being handed to its payee or to the server. */
  | { readonly kind: "sent" }
  /** A receipt that was checked against this order. */
  | { readonly kind: "receipt"; readonly paid: Paid }
  /** The server's "no", for good. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The server books nothing just now, and has not booked this order. */
  | { readonly kind: "not_now"; readonly refusal: Refusal }
  /** The server cannot say whether it booked the order, or whether it will. */
  | { readonly kind: "undecided"; readonly refusal: Refusal }
  /** The payee's "no". It proves nothing: the payee still has the order. */
  | { readonly kind: "payee_refused"; readonly refusal: OrderRefusal }
  /** The payee got no decision from the server. */
  | { readonly kind: "payee_failed"; readonly refusal: Refusal }
  /** The server's "no", because an order was booked under this id. Which one is not known yet. */
  | { readonly kind: "id_conflict"; readonly refusal: Refusal }
  /** `status`: another order, `takenBy`, was booked under this id, so this one never is. */
  | { readonly kind: "id_taken"; readonly refusal: Refusal; readonly takenBy: Paid }
  /** `status`: not booked so far. */
  | { readonly kind: "unknown" }
  /** `status` with `void`: never booked. */
  | { readonly kind: "voided" }
  /** The payee answered nothing and cannot be reached any more. It may still have the order. */
  | { readonly kind: "payee_gone"; readonly refusal: Refusal }
  /** Nothing came in time, or the connection to the payee or the server ended. */
  | { readonly kind: "silence"; readonly cause?: unknown }
  /** A `status` request was not answered, or with a code that tells nothing. */
  | { readonly kind: "unanswered"; readonly cause?: unknown }
  /** The time until which it could be booked is over, by the server's clock. */
  | { readonly kind: "expired" }
  /** The wallet was opened and has a record of the order. */
  | { readonly kind: "restart" }
  /** The payer wants to pay under the id of a refused order again. */
  | { readonly kind: "retry" };

export interface OrderProgress {
  readonly state: OrderState;
  readonly next: NextStep;
  /** The proof, in the state `booked`. */
  readonly paid?: Paid;
  /** In the state `void`: the payment that was booked under this id instead. */
  readonly takenBy?: Paid | undefined;
  /** The last "no" that a payer may be shown. */
  readonly refusal?: OrderRefusal | undefined;
  /** What went wrong last. */
  readonly cause?: unknown;
}

type Transition = readonly [state: OrderState, next: NextStep];
type Transitions = Readonly<Record<OrderEvent["kind"], Transition>>;

const booked: Transition = ["booked", "done"];
const refused: Transition = ["refused", "done"];
const isVoid: Transition = ["void", "done"];
const ask: Transition = ["in_doubt", "ask"];
const askToVoid: Transition = ["in_doubt", "ask_to_void"];
const leaveInDoubt: Transition = ["in_doubt", "done"];
const leaveRecorded: Transition = ["recorded", "done"];

const recorded: Transitions = {
  sent: ["sent", "wait"],
  receipt: booked,
  refused,
  not_now: leaveRecorded,
  undecided: ask,
  payee_refused: askToVoid,
  payee_failed: ask,
  payee_gone: askToVoid,
  id_conflict: askToVoid,
  id_taken: isVoid,
  unknown: ["recorded", "send"],
  voided: isVoid,
  silence: leaveRecorded,
  unanswered: leaveRecorded,
  expired: askToVoid,
  // Whether the last process sent it is not known.
  restart: ask,
  retry: ask,
};

const inDoubtTransitions: Transitions = {
  ...recorded,
  // What was sent before may be booked, whatever becomes of it this time.
  sent: ["in_doubt", "wait"],
  not_now: leaveInDoubt,
  unknown: ["in_doubt", "send"],
  silence: ask,
  unanswered: leaveInDoubt,
};

const transitions: Readonly<Record<OrderState, Transitions>> = {
  recorded,
  sent: { ...inDoubtTransitions, sent: ["sent", "wait"], not_now: leaveRecorded },
  in_doubt: inDoubtTransitions,
  booked: always(booked),
  refused: {
    ...always(refused),
    sent: ["sent", "wait"],
    receipt: booked,
    id_taken: isVoid,
    voided: isVoid,
    // Its payee may still have it, so the record goes only when it is void.
    expired: ["refused", "ask_to_void"],
    // A new order may take its place as soon as it is void.
    retry: ["refused", "ask_to_void"],
  },
  void: { ...always(isVoid), receipt: booked },
};

/** @returns where the order stands after an event */
export function advance(progress: OrderProgress, event: OrderEvent): OrderProgress {
  const [state, next] = transitions[progress.state][event.kind];
  if (progress.state === "booked") return progress;
  if (event.kind === "receipt") return { state, next, paid: event.paid };
  const refusal = "refusal" in event ? event.refusal : progress.refusal;
  const cause = "cause" in event ? event.cause : progress.cause;
  const takenBy = event.kind === "id_taken" ? event.takenBy : progress.takenBy;
  return { state, next, refusal, cause, takenBy };
}

export const newlyRecorded: OrderProgress = { state: "recorded", next: "send" };

/** @returns where an order stands that an earlier process recorded */
export function restored(
  state: "recorded" | "refused",
  { isExpired }: { readonly isExpired: boolean },
): OrderProgress {
  const restarted = advance({ state, next: "done" }, { kind: "restart" });
  return isExpired ? advance(restarted, { kind: "expired" }) : restarted;
}

/** @returns what the server's "no" to a `submit`, or in a `result`, means for the order */
export function eventOfServerRefusal(refusal: Refusal): OrderEvent {
  const { code } = refusal;
  if (code === 266) return { kind: "id_conflict", refusal };
  if (code === 500 || code === 520) return { kind: "undecided", refusal };
  return { kind: codes[code].tryAgain ? "not_now" : "refused", refusal };
}

/**
 * @returns what a payee's "no" means for the order. A payer shows 261, 263 or 265 on a payee's word
 * and no other code: a payee may answer "OK", or that the payer's certificate was revoked.
 */
export function eventOfPayeeRefusal(refusal: Refusal): OrderEvent {
  const { code } = refusal;
  // A payee that stops taking payments says 263.
  if (codes[code].tryAgain && code !== 263) return { kind: "payee_failed", refusal };
  const shown = refuse(code === 263 || code === 265 ? code : 261);
  return { kind: "payee_refused", refusal: { ...shown, by: "payee" } };
}

/** @returns what a refused `status` request means for the order */
export function eventOfStatusRefusal(
  refusal: Refusal,
  { asksToVoid }: { readonly asksToVoid: boolean },
): OrderEvent {
  const { code } = refusal;
  // An order that the server takes for none (261) can never be booked.
  if (asksToVoid && (code === 400 || code === 261)) return { kind: "voided" };
  if (code === 400) return { kind: "unknown" };
  // About this order alone, so that it is no reason to leave the others.
  if (code === 520) return { kind: "unanswered" };
  const cause = new ClosedError(`ask for its status: the answer was ${code}, ${refusal.text}`);
  return { kind: "unanswered", cause };
}

function always(transition: Transition): Transitions {
  const kinds = Object.keys(recorded) as OrderEvent["kind"][];
  return Object.fromEntries(kinds.map((kind) => [kind, transition])) as unknown as Transitions;
}
