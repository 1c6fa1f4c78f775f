/**
 * SUBMIT: the payee, or the payer, hands in orders. Each is checked from the start and booked at
 * most once. All orders of one message are booked in one commit.
 */
import { isLedgerUnavailable } from "../../errors.ts";
import { yieldToEventLoop } from "../../yield_to_event_loop.ts";
import { type Entry, orderDigest } from "../../ledger/entry.ts";
import { ordersPerTurn } from "../../limits.ts";
import { isMemo } from "../../memo.ts";
import { type Code, codes } from "../../protocol/code.ts";
import { answerWith, type Refusal, refuse } from "../../protocol/request_type.ts";
import { bookingOf } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { type Result, submitRequestType } from "../../protocol/transfer.ts";
import { codeOf } from "../decision_pushes.ts";
import { codeOfUnavailable } from "../ledger_faults.ts";
import { keepVoid, type MembersOrder, verifyOwnOrder, wholeOrder } from "../order_decision.ts";
import { type MemberRequestContext, memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

export const submitRoute = memberRoute({
  requestType: submitRequestType,
  async handle({ orders: sent }, context) {
    const { ledger } = context.server;
    const texts = await Promise.all(sent.map((text) => wholeOrder(text, ledger)));
    const orders = await verifyInTurns(texts, context);
    context.reportRequest(notationOf(orders));
    const decisions = await decide(orders, context);
    const results = decisions.map((decision, at) => {
      const order = orders[at]!;
      const digest = "outcome" in order ? orderDigest(texts[at]!) : order.digest;
      return resultOf(decision, { digest, server: context.server });
    });
    reportRefusals(decisions, context);
    return answerWith({ results });
  },
});

/** One order in the course project's notation; of several, how many they are. */
function notationOf(orders: readonly (MembersOrder | Refusal)[]): string {
  const [order] = orders;
  if (orders.length > 1) return `Submit#${orders.length}`;
  if (!order || "outcome" in order) return "Submit";
  const { payer, payee, amount } = order.payload;
  return `${payer}#${amount}#${payee}`;
}

/**
 * Verifies the first orders at once, as part of the turn that opened their message, and a few in
 * each further turn. So no turn is much longer than opening a message.
 */
async function verifyInTurns(
  texts: readonly string[],
  context: MemberRequestContext,
): Promise<(MembersOrder | Refusal)[]> {
  const verified: (MembersOrder | Refusal)[] = [];
  const verifySome = () => {
    const some = texts.slice(verified.length, verified.length + ordersPerTurn);
    verified.push(...some.map((text) => verifyOwnOrder(text, context)));
  };
  verifySome();
  while (verified.length < texts.length) {
    await context.session.inTurn(async () => {
      verifySome();
      await yieldToEventLoop();
    });
  }
  return verified;
}

/** The decision about one order. */
interface Decision {
  /** The entry that it is booked as, or why it is refused. */
  readonly decided: Entry | Refusal;
  /** Why the ledger could not be written. */
  readonly failure?: Error;
}

/**
 * Decides in two commits at the most: the first books, the second keeps why orders could not be
 * booked. The decisions run side by side, so that the ledger commits their changes together.
 */
function decide(
  orders: readonly (MembersOrder | Refusal)[],
  context: MemberRequestContext,
): Promise<readonly Decision[]> {
  const decideOne = (order: MembersOrder | Refusal) =>
    "outcome" in order ? { decided: order } : unlessFull(() => decideOrder(order, context));
  return context.session.commit(() => Promise.all(orders.map(decideOne)));
}

async function decideOrder(
  order: MembersOrder,
  context: MemberRequestContext,
): Promise<Decision> {
  const { memo } = order.payload;
  const atMs = context.server.clock.nowMs();
  const fault = judgeOrder(order, { atMs });
  // No clock makes such an order good, so there is nothing to keep and nobody to tell.
  if (fault?.isLasting) return { decided: refuse(fault.code) };
  // The ledger answers for an order that was booked before, expired or not.
  if (fault) return await keepRefusal(order, context, fault.code);
  // A memo's rule may change with Unicode. What was booked stays good.
  if (memo !== undefined && !isMemo(memo)) return await keepRefusal(order, context, 261);
  // The order was judged for this time. An audit judges it for the same.
  return await book(order, context, atMs);
}

async function book(
  order: MembersOrder,
  context: MemberRequestContext,
  atMs: number,
): Promise<Decision> {
  const { decisions, ledger } = context.server;
  const kind = order.payload.refunds === undefined ? "payment" : "refund";
  const booked = await ledger.book(decisions.by(context, bookingOf(order, { kind, atMs })));
  const refusing = (code: Code) => keepRefusal(order, context, code);
  switch (booked.outcome) {
    case "booked":
      return { decided: booked.entry };
    case "repeated":
      return { decided: booked.entry };
    case "voided":
      return { decided: refuse(codeOf(booked.code)) };
    case "expired":
      return { decided: refuse(265) };
    case "id_conflict":
      return await refusing(order.request === undefined ? 266 : 275);
    case "payee_unknown":
      return await refusing(262);
    case "account_closed":
      return await refusing(267);
    // Our CA issued the certificate, but it is not, or no longer, an account's that pays.
    case "payer_unknown":
    case "certificate_not_current":
      return await refusing(261);
    case "payment_unknown":
      return await refusing(268);
    case "refund_exceeds":
      return await refusing(269);
    case "bankrupt":
      return await refusing(270);
  }
}

/**
 * Refuses an order for good, and the ledger keeps the refusal before anybody is told. A payer that
 * was told "no" must not find the money gone later, because its payee submitted the same order
 * again. A refusal that cannot be kept is not told.
 */
async function keepRefusal(
  order: MembersOrder,
  context: MemberRequestContext,
  code: Code,
): Promise<Decision> {
  const result = await keepVoid(order, context, code);
  switch (result.outcome) {
    case "voided":
      return { decided: refuse(code) };
    case "repeated":
      return { decided: refuse(codeOf(result.code)) };
    case "expired":
      return { decided: refuse(265) };
    // This refusal is final without being kept.
    case "unbookable":
      return { decided: refuse(code) };
    case "no_room":
      return { decided: refuse(520) };
    // Booked before, or just now over another connection.
    case "booked":
      return { decided: result.entry };
  }
}

/** Where the ledger cannot be used now, an order is refused or stays undecided. */
async function unlessFull(write: () => Promise<Decision>): Promise<Decision> {
  try {
    return await write();
  } catch (failure) {
    if (!isLedgerUnavailable(failure)) throw failure;
    return { decided: refuse(codeOfUnavailable(failure)), failure };
  }
}

function resultOf(
  { decided }: Decision,
  { digest, server }: { readonly digest: string; readonly server: ServerContext },
): Result {
  if ("outcome" in decided) return { order: digest, code: decided.code, text: decided.text };
  const receipt = server.decisions.receiptOf(decided);
  return { order: digest, code: 130, text: codes[130].text, receipt };
}

/** Reports each refusal, and why the ledger could not be written, or that it is again. */
function reportRefusals(
  decisions: readonly Decision[],
  { name, server, session }: MemberRequestContext,
): void {
  const { channel: { remote } } = session;
  const attempt = "answer submit";
  const failure = decisions.find((decision) => decision.failure)?.failure;
  if (failure) server.ledgerFaults.take({ remote, name, attempt, error: failure });
  else if (decisions.some(({ decided }) => !("outcome" in decided))) {
    server.ledgerFaults.succeeded(attempt);
  }
  for (const { decided } of decisions) {
    if (!("outcome" in decided)) continue;
    server.report({ kind: "refused", remote, name, code: decided.code, text: decided.text });
  }
}
