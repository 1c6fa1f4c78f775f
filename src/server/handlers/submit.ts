/** SUBMIT: the payee, or the payer itself, hands in an order; it is checked again from the start and booked exactly once. */
import type { AccountName } from "../../account_name.ts";
import { type Booking, type Entry, orderDigest } from "../../ledger/entry.ts";
import { isMemo } from "../../memo.ts";
import { type Code, codes, isCode } from "../../protocol/code.ts";
import { answered, type Outcome, refuse } from "../../protocol/exchange.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { paymentType, resultType, submitExchange } from "../../protocol/transfer.ts";
import type { Share } from "../fair_queue.ts";
import { keepVoid, type MembersOrder, parseOrder, verifyOwnOrder } from "../order_decision.ts";
import { parsedMemberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

interface Receipted {
  readonly receipt: string;
}

export const submitRoute = parsedMemberRoute({
  exchange: submitExchange,
  parse: ({ order }) => parseOrder(order),
  notation: (read) =>
    "outcome" in read ? "Submit" : `${read.order.payer}#${read.order.amount}#${read.order.payee}`,
  async handle(read, context) {
    if ("outcome" in read) return read;
    const own = await verifyOwnOrder(read, context);
    if ("outcome" in own) return own;
    const { name, server, session } = context;
    const { outcome, isNew } = await book(own, server);
    // Once: who hands a decided order in again must not have somebody told again.
    if (isNew) tellOtherSide(own, { outcome, submitter: name, server, cause: session.share });
    return outcome;
  },
});

/** What became of an order. */
interface Decision {
  readonly outcome: Outcome<Receipted>;
  /** Whether it was this request that decided it. */
  readonly isNew: boolean;
}

async function book(own: MembersOrder, server: ServerContext): Promise<Decision> {
  const { ledger, clock } = server;
  const { order, jws, payer, payee } = own;
  // Asked before anything that changes with time: the same order again gives the same receipt, expired or not.
  const earlier = await ledger.entry(order.id);
  if (earlier?.orderJws === jws) return known(receipted(earlier, server));
  const refusal = (code: Code) => refused(code, own, server);
  const atMs = clock.nowMs();
  const fault = judgeOrder(own, { atMs });
  // What no clock makes good needs no memory, and nobody waits to be told of it.
  if (fault?.isLasting) return known(refuse(fault.code));
  if (fault) return await refusal(fault.code);
  // Asked here and not where an order is read: what was booked stays good in every version of Unicode.
  if (order.memo !== undefined && !isMemo(order.memo)) return await refusal(261);

  const booking: Booking = {
    id: order.id,
    kind: order.refunds === undefined ? "payment" : "refund",
    payer,
    payee,
    amount: order.amount,
    ...(order.memo !== undefined && { memo: order.memo }),
    ...(order.refunds !== undefined && { refunds: order.refunds }),
    certificate: own.certificate.fingerprint,
    orderJws: jws,
    // The time that it was judged for: an audit judges it for this one again.
    atMs,
  };
  const booked = await ledger.book(booking, { expiresAtMs: order.exp * 1000 });
  switch (booked.outcome) {
    case "booked":
      return { outcome: receipted(booked.entry, server), isNew: true };
    case "repeated":
      return known(receipted(booked.entry, server));
    case "voided":
      return known(refuse(codeOf(booked)));
    case "expired":
      return known(refuse(265));
    case "id_conflict":
      return await refusal(266);
    case "payee_unknown":
      return await refusal(262);
    case "account_closed":
      return await refusal(267);
    // Issued by our CA, but not (or no longer) the certificate of an account that pays.
    case "payer_unknown":
    case "certificate_not_current":
      return await refusal(261);
    case "payment_unknown":
      return await refusal(268);
    case "refund_exceeds":
      return await refusal(269);
    case "bankrupt":
      return await refusal(270);
  }
}

/**
 * Refuses an order for good: a payer who was told "no" must not find the money gone a minute later because its payee handed the
 * same order in again, when there was something to take, or when the clock was set. What cannot be kept is not said.
 */
async function refused(code: Code, own: MembersOrder, server: ServerContext): Promise<Decision> {
  const result = await keepVoid(own, server, code);
  switch (result.outcome) {
    case "voided":
      return { outcome: refuse(code), isNew: true };
    case "repeated":
      return known(refuse(codeOf(result)));
    case "expired":
      return known(refuse(265));
    // True for good without a memory of it.
    case "unbookable":
      return known(refuse(code));
    case "no_room":
      return known(refuse(520));
    // Handed in over another connection at the same time, and there was something to take just then.
    case "booked":
      return known(receipted(result.entry, server));
  }
}

function known(outcome: Outcome<Receipted>): Decision {
  return { outcome, isNew: false };
}

/** A ledger may come from a version that knows more codes. */
function codeOf({ code }: { readonly code: number }): Code {
  return isCode(code) ? code : 260;
}

function receipted(entry: Entry, server: ServerContext): Outcome<Receipted> {
  return answered({ receipt: signReceipt(entry, server) });
}

/**
 * So that the payer knows even when the payee keeps it to itself, and the payee that money came without it.
 */
function tellOtherSide(
  { order: { id }, jws, payer, payee }: MembersOrder,
  { outcome, submitter, server: { sessions }, cause }: {
    outcome: Outcome<Receipted>;
    submitter: AccountName;
    server: ServerContext;
    cause: Share;
  },
): void {
  if (submitter === payee) {
    const about = { id, order: orderDigest(jws) };
    const result = outcome.outcome === "answered"
      ? { ...about, code: 130, text: codes[130].text, receipt: outcome.answer.receipt }
      : { ...about, code: outcome.code, text: outcome.text };
    for (const session of sessions.told(payer)) session.push(resultType, result, { cause });
  } else if (outcome.outcome === "answered") {
    const payment = { order: jws, receipt: outcome.answer.receipt };
    for (const session of sessions.told(payee)) session.push(paymentType, payment, { cause });
  }
}
