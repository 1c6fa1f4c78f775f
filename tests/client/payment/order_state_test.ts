/**
 * The state machine of an order: every state with every event, and what must never happen.
 */
import { assert, assertEquals } from "@std/assert";
import {
  advance,
  eventOfPayeeRefusal,
  eventOfServerRefusal,
  eventOfStatusRefusal,
  type OrderEvent,
  type OrderProgress,
  type OrderState,
  restored,
} from "../../../src/client/payment/order_state.ts";
import type { Paid } from "../../../src/client/payment/order_outcome.ts";
import { type Code, codes } from "../../../src/protocol/code.ts";
import { refuse } from "../../../src/protocol/request_type.ts";

const states = ["recorded", "sent", "in_doubt", "refused", "booked", "void"] as const;

/** The state and the next step for each event in each of {@link states}. A dot: `booked, done`. */
const table: Readonly<Record<OrderEvent["kind"], readonly string[]>> = {
  // The columns: recorded, sent, in doubt, refused, booked, void.
  sent: ["sent wait", "sent wait", "in_doubt wait", "sent wait", ".", "void done"],
  receipt: [".", ".", ".", ".", ".", "."],
  refused: ["refused done", "refused done", "refused done", "refused done", ".", "void done"],
  not_now: ["recorded done", "recorded done", "in_doubt done", "refused done", ".", "void done"],
  undecided: ["in_doubt ask", "in_doubt ask", "in_doubt ask", "refused done", ".", "void done"],
  payee_refused: [
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "refused done",
    ".",
    "void done",
  ],
  payee_failed: ["in_doubt ask", "in_doubt ask", "in_doubt ask", "refused done", ".", "void done"],
  payee_gone: [
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "refused done",
    ".",
    "void done",
  ],
  id_conflict: [
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "refused done",
    ".",
    "void done",
  ],
  id_taken: ["void done", "void done", "void done", "void done", ".", "void done"],
  unknown: ["recorded send", "in_doubt send", "in_doubt send", "refused done", ".", "void done"],
  voided: ["void done", "void done", "void done", "void done", ".", "void done"],
  silence: ["recorded done", "in_doubt ask", "in_doubt ask", "refused done", ".", "void done"],
  unanswered: ["recorded done", "in_doubt done", "in_doubt done", "refused done", ".", "void done"],
  expired: [
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "in_doubt ask_to_void",
    "refused ask_to_void",
    ".",
    "void done",
  ],
  restart: ["in_doubt ask", "in_doubt ask", "in_doubt ask", "refused done", ".", "void done"],
  retry: ["in_doubt ask", "in_doubt ask", "in_doubt ask", "refused ask_to_void", ".", "void done"],
};

const paid = { outcome: "paid" } as Paid;
const kinds = Object.keys(table) as OrderEvent["kind"][];

function eventOf(kind: OrderEvent["kind"]): OrderEvent {
  if (kind === "receipt") return { kind, paid };
  return { kind, refusal: refuse(270) } as OrderEvent;
}

function progressOf(state: OrderState): OrderProgress {
  return { state, next: "wait", ...(state === "booked" && { paid }) };
}

for (const kind of kinds) {
  Deno.test(`order state: "${kind}" leads from every state where it has to`, () => {
    const told = states.map((state) => {
      const before = progressOf(state);
      const after = advance(before, eventOf(kind));
      return state === "booked" ? (assertEquals(after, before), ".") : textOf(after);
    });
    assertEquals(told, table[kind]);
  });
}

function textOf({ state, next, paid: proof }: OrderProgress): string {
  if (state !== "booked") return `${state} ${next}`;
  assertEquals([next, proof], ["done", paid]);
  return ".";
}

Deno.test("order state: nothing but the server's word ends the doubt about an order that was sent", () => {
  const byServer = ["receipt", "refused", "id_taken", "voided"];
  for (const kind of kinds) {
    const { state } = advance(progressOf("in_doubt"), eventOf(kind));
    assertEquals(state !== "in_doubt", byServer.includes(kind), kind);
  }
});

Deno.test("order state: a booked order stays booked, and no event but a receipt makes one", () => {
  for (const state of states) {
    for (const kind of kinds) {
      const after = advance(progressOf(state), eventOf(kind));
      assertEquals(after.state === "booked", state === "booked" || kind === "receipt");
    }
  }
});

Deno.test("order state: an expired order is asked for with void, and is void only when the server has said so", () => {
  for (const state of ["recorded", "refused"] as const) {
    const open = restored(state, { isExpired: true });
    assertEquals(open.next, "ask_to_void");
    for (const kind of ["unanswered", "unknown"] as const) {
      assert(advance(open, eventOf(kind)).state !== "void", kind);
    }
    assertEquals(advance(open, { kind: "voided" }).state, "void");
  }
  assertEquals(restored("recorded", { isExpired: false }).next, "ask");
  assertEquals(restored("refused", { isExpired: false }), {
    state: "refused",
    next: "done",
    refusal: undefined,
    cause: undefined,
    takenBy: undefined,
  });
});

Deno.test("order state: what each code means depends on who says it", () => {
  for (const text of Object.keys(codes)) {
    const code = Number(text) as Code;
    const refusal = refuse(code);
    const isFinal = !codes[code].tryAgain;
    const server = eventOfServerRefusal(refusal);
    const special: Partial<Record<Code, string>> = {
      266: "id_conflict",
      500: "undecided",
      520: "undecided",
    };
    assertEquals(server.kind, special[code] ?? (isFinal ? "refused" : "not_now"), text);
    const payee = eventOfPayeeRefusal(refusal);
    const isRefused = isFinal || code === 263;
    assertEquals(payee.kind, isRefused ? "payee_refused" : "payee_failed", text);
    // A payee must not make its payer's client say anything but these.
    const voided = advance(advance(progressOf("sent"), payee), { kind: "voided" });
    const shown = { ...refuse(code === 263 || code === 265 ? code : 261), by: "payee" } as const;
    if (isRefused) assertEquals(voided.refusal, shown);
    const asked = eventOfStatusRefusal(refusal, { asksToVoid: false });
    assertEquals(asked.kind, code === 400 ? "unknown" : "unanswered", text);
    const askedToVoid = eventOfStatusRefusal(refusal, { asksToVoid: true });
    assertEquals(askedToVoid.kind, code === 400 || code === 261 ? "voided" : "unanswered", text);
  }
});
