/**
 * SUBMIT: the payee, or the payer, hands in orders. Each is checked from the start and booked at
 * most once. All orders of one message are booked in one commit.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerBusyError, LedgerFullError } from "../../errors.ts";
import { yieldToEventLoop } from "../../yield_to_event_loop.ts";
import { type Booking, type Entry, orderDigest } from "../../ledger/entry.ts";
import { ordersPerTurn } from "../../limits.ts";
import { isMemo } from "../../memo.ts";
import { type Code, codes, isCode } from "../../protocol/code.ts";
import { answered, type Refusal, refuse } from "../../protocol/exchange.ts";
import type { ReadOrder } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import {
  packResults,
  paymentType,
  type Result,
  resultType,
  submitExchange,
} from "../../protocol/transfer.ts";
import type { JsonObject } from "../../strict_json.ts";
import { keepVoid, type MembersOrder, parseOrder, verifyOwnOrder } from "../order_decision.ts";
import { type MemberRequestContext, parsedMemberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import { pagesOf } from "./page.ts";

export const submitRoute = parsedMemberRoute({
  exchange: submitExchange,
  parse: ({ orders }) => orders.map((jws) => ({ jws, read: parseOrder(jws) })),
  notation: (submitted) => notationOf(submitted.map(({ read }) => read)),
  async handle(submitted, context) {
    const orders = await verifyInTurns(submitted.map(({ read }) => read), context);
    const decisions = await decide(orders, context);
    const results = decisions.map((decision, at) =>
      resultOf(decision, { order: orderDigest(submitted[at]!.jws), server: context.server })
    );
    report(decisions, context);
    const news = orders.flatMap((own, at) =>
      "payer" in own && decisions[at]!.isNew ? [{ ...own, result: results[at]! }] : []
    );
    tellOtherSides(news, context);
    return answered(packResults(results));
  },
});

/** One order in the course project's notation; of several, how many they are. */
function notationOf(orders: readonly (ReadOrder | Refusal)[]): string {
  const [read] = orders;
  if (orders.length > 1) return `Submit#${orders.length}`;
  if (!read || "outcome" in read) return "Submit";
  const { payer, payee, amount } = read.order;
  return `${payer}#${amount}#${payee}`;
}

/** Verifies a few orders in each turn, so that no turn is longer than opening a message. */
async function verifyInTurns(
  reads: readonly (ReadOrder | Refusal)[],
  context: MemberRequestContext,
): Promise<(MembersOrder | Refusal)[]> {
  const verified: (MembersOrder | Refusal)[] = [];
  while (verified.length < reads.length) {
    const some = reads.slice(verified.length, verified.length + ordersPerTurn);
    await context.session.inTurn(async () => {
      verified.push(
        ...some.map((read) => "outcome" in read ? read : verifyOwnOrder(read, context)),
      );
      if (verified.length < reads.length) await yieldToEventLoop();
    });
  }
  return verified;
}

/** The decision about one order. */
interface Decision {
  readonly step: "decided";
  /** The entry that it is booked as, or why it is refused. */
  readonly decided: Entry | Refusal;
  /** Whether this request decided it. */
  readonly isNew: boolean;
  /** Why the ledger could not be written. */
  readonly failure?: Error;
}

type Step =
  | Decision
  | { readonly step: "book"; readonly own: MembersOrder; readonly booking: Booking }
  /** Refuse for good. The ledger keeps the refusal before anybody is told. */
  | { readonly step: "refuse"; readonly own: MembersOrder; readonly code: Code };

/** Decides in two commits at the most: one books, one keeps refusals. */
async function decide(
  orders: readonly (MembersOrder | Refusal)[],
  { server, session }: MemberRequestContext,
): Promise<readonly Decision[]> {
  const commit = async <Kind extends Step["step"]>(
    steps: readonly Step[],
    kind: Kind,
    write: (step: Extract<Step, { readonly step: Kind }>) => Promise<Step>,
  ): Promise<readonly Step[]> => {
    const isMeant = (step: Step): step is Extract<Step, { readonly step: Kind }> =>
      step.step === kind;
    if (!steps.some(isMeant)) return steps;
    // All begin in one turn of the event loop, so the ledger's commit queue takes them together.
    return await session.commit(() =>
      Promise.all(steps.map((step) => isMeant(step) ? unlessFull(() => write(step)) : step))
    );
  };
  const judged = orders.map((own) => "payer" in own ? judge(own, server) : known(own));
  const booked = await commit(judged, "book", (step) => book(step, server));
  const decided = await commit(booked, "refuse", (step) => keepRefusal(step, server));
  return decided as readonly Decision[];
}

/** Decides as far as the order and the clock do. */
function judge(own: MembersOrder, { clock }: ServerContext): Step {
  const { order, jws, payer, payee } = own;
  const atMs = clock.nowMs();
  const fault = judgeOrder(own, { atMs });
  // No clock makes such an order good, so there is nothing to keep and nobody to tell.
  if (fault?.isLasting) return known(refuse(fault.code));
  // The ledger answers for an order that was booked before, expired or not.
  if (fault) return { step: "refuse", own, code: fault.code };
  // A memo's rule may change with Unicode. What was booked stays good.
  if (order.memo !== undefined && !isMemo(order.memo)) return { step: "refuse", own, code: 261 };
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
    // The order was judged for this time. An audit judges it for the same.
    atMs,
  };
  return { step: "book", own, booking };
}

async function book(
  { own, booking }: Extract<Step, { readonly step: "book" }>,
  { ledger }: ServerContext,
): Promise<Step> {
  const booked = await ledger.book(booking, { expiresAtMs: own.order.exp * 1000 });
  const refusing = (code: Code): Step => ({ step: "refuse", own, code });
  switch (booked.outcome) {
    case "booked":
      return { step: "decided", decided: booked.entry, isNew: true };
    case "repeated":
      return known(booked.entry);
    case "voided":
      return known(refuse(codeOf(booked)));
    case "expired":
      return known(refuse(265));
    case "id_conflict":
      return refusing(266);
    case "payee_unknown":
      return refusing(262);
    case "account_closed":
      return refusing(267);
    // Our CA issued the certificate, but it is not, or no longer, an account's that pays.
    case "payer_unknown":
    case "certificate_not_current":
      return refusing(261);
    case "payment_unknown":
      return refusing(268);
    case "refund_exceeds":
      return refusing(269);
    case "bankrupt":
      return refusing(270);
  }
}

/**
 * Refuses an order for good. A payer that was told "no" must not find the money gone later, because
 * its payee handed in the same order again. A refusal that cannot be kept is not told.
 */
async function keepRefusal(
  { own, code }: Extract<Step, { readonly step: "refuse" }>,
  server: ServerContext,
): Promise<Decision> {
  const result = await keepVoid(own, server, code);
  switch (result.outcome) {
    case "voided":
      return { step: "decided", decided: refuse(code), isNew: true };
    case "repeated":
      return known(refuse(codeOf(result)));
    case "expired":
      return known(refuse(265));
    // True for good without a memory of it.
    case "unbookable":
      return known(refuse(code));
    case "no_room":
      return known(refuse(520));
    // Booked before, or just now over another connection.
    case "booked":
      return known(result.entry);
  }
}

function known(decided: Entry | Refusal): Decision {
  return { step: "decided", decided, isNew: false };
}

/** A later version may have written a code that this one does not know. */
function codeOf({ code }: { readonly code: number }): Code {
  return isCode(code) ? code : 260;
}

/** The answer to an order that could not be written: nothing is decided. */
async function unlessFull(write: () => Promise<Step>): Promise<Step> {
  try {
    return await write();
  } catch (failure) {
    if (!(failure instanceof LedgerFullError || failure instanceof LedgerBusyError)) throw failure;
    return { ...known(refuse(510)), failure };
  }
}

function resultOf(
  { decided }: Decision,
  { order, server }: { readonly order: string; readonly server: ServerContext },
): Result {
  if ("outcome" in decided) return { order, code: decided.code, text: decided.text };
  return { order, code: 130, text: codes[130].text, receipt: signReceipt(decided, server) };
}

/** Reports each refusal, and once why the ledger could not be written. */
function report(
  decisions: readonly Decision[],
  { name, server, session }: MemberRequestContext,
): void {
  const { channel: { remote } } = session;
  const failure = decisions.find((decision) => decision.failure)?.failure;
  if (failure) {
    server.report({ kind: "fault", remote, name, attempt: "answer submit", error: failure });
  }
  for (const { decided } of decisions) {
    if (!("outcome" in decided)) continue;
    server.report({ kind: "refused", remote, name, code: decided.code, text: decided.text });
  }
}

/**
 * Tells the payer what was decided about orders that its payee submitted, and the payee of payments
 * that its payer submitted. Only news is told: who hands in a decided order again must not cause
 * another push.
 */
function tellOtherSides(
  news: readonly (MembersOrder & { readonly result: Result })[],
  { name, server: { sessions }, session: { share: cause } }: MemberRequestContext,
): void {
  const push = (to: AccountName, type: string, body: JsonObject) => {
    for (const session of sessions.told(to)) session.push(type, body, { cause });
  };
  const byPayer = Map.groupBy(news.filter(({ payee }) => payee === name), ({ payer }) => payer);
  for (const [payer, decided] of byPayer) {
    push(payer, resultType, packResults(decided.map(({ result }) => result)));
  }
  const booked = news.filter(({ payer, result }) => payer === name && result.receipt);
  for (const [payee, paid] of Map.groupBy(booked, ({ payee }) => payee)) {
    const payments = paid.map(({ jws, result }) => ({ order: jws, receipt: result.receipt! }));
    for (const page of pagesOf(payments)) push(payee, paymentType, { payments: page });
  }
}
