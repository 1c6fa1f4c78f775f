/** SUBMIT: the payee, or the payer itself, hands in an order; it is checked again from the start and booked exactly once. */
import type { AccountName } from "../../account_name.ts";
import type { Share } from "../../envelope/fair_queue.ts";
import { CertificateError, EnvelopeError, ProtocolError } from "../../errors.ts";
import { type Booking, type Entry, issuingAccount, orderDigest } from "../../ledger/entry.ts";
import { isMemo } from "../../memo.ts";
import { type Code, codes, isCode } from "../../protocol/code.ts";
import { answered, type Outcome, type Refusal, refuse } from "../../protocol/exchange.ts";
import { readDocument } from "../../pki/signed_document.ts";
import { type VerifiedOrder, verifyOrder } from "../../protocol/order.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { paymentType, resultType, submitExchange } from "../../protocol/transfer.ts";
import { judgeOrder } from "../../protocol/order_judgement.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

interface Receipted {
  readonly receipt: string;
}

export const submitRoute = memberRoute({
  exchange: submitExchange,
  notation: ({ order }) => notationOf(order),
  async handle({ order: jws }, { name, server, session }) {
    const verified = await session.inTurn(() => verify(jws, server));
    if ("outcome" in verified) return verified;
    const { order } = verified;
    // An order is its two sides' business; one that the server signed is booked by the operator, never handed in.
    const isParty = order.to === name || order.from === name;
    if (!isParty || order.from === issuingAccount || order.to === issuingAccount) {
      return refuse(261);
    }
    const sides = { payer: order.from, payee: order.to };
    const outcome = await book(verified, { sides, server });
    tellOtherSide(verified, { outcome, submitter: name, sides, server, cause: session.share });
    return outcome;
  },
});

/** Both sides of an order between members. */
interface Sides {
  readonly payer: AccountName;
  readonly payee: AccountName;
}

async function verify(
  jws: string,
  { anchor, clock }: ServerContext,
): Promise<VerifiedOrder | Refusal> {
  try {
    return await verifyOrder(jws, { anchor, atMs: clock.nowMs() });
  } catch (error) {
    if (error instanceof ProtocolError) {
      return refuse(261, `${codes[261].text} (${error.message})`);
    }
    // What failed in a crypto check is never told.
    if (error instanceof EnvelopeError || error instanceof CertificateError) return refuse(261);
    throw error;
  }
}

async function book(
  verified: VerifiedOrder,
  { sides, server }: { sides: Sides; server: ServerContext },
): Promise<Outcome<Receipted>> {
  const { ledger, clock } = server;
  const { order, jws } = verified;
  // Asked before anything that changes with time: the same order again gives the same receipt, expired or not.
  const earlier = await ledger.entry(order.id);
  if (earlier?.orderJws === jws) return await receipted(earlier, server);
  const refusal = (code: Code) => refused(code, verified, { payer: sides.payer, server });
  const judgement = judgeOrder(order, { nowMs: clock.nowMs() });
  if (judgement) return await refusal(judgement.code);
  // Asked here and not where an order is read: what was booked stays good in every version of Unicode.
  if (order.memo !== undefined && !isMemo(order.memo)) return await refusal(261);
  const payer = await ledger.account(sides.payer);
  // Issued by our CA, but not (or no longer) the certificate of the account that pays.
  if (payer?.certificate?.fingerprint !== verified.certificate.fingerprint) {
    return await refusal(261);
  }
  const booking: Booking = {
    id: order.id,
    kind: order.refunds === undefined ? "payment" : "refund",
    ...sides,
    amount: order.amount,
    ...(order.memo !== undefined && { memo: order.memo }),
    ...(order.refunds !== undefined && { refunds: order.refunds }),
    orderJws: jws,
    atMs: clock.nowMs(),
  };
  const booked = await ledger.book(booking);
  switch (booked.outcome) {
    case "booked":
    case "repeated":
      return await receipted(booked.entry, server);
    case "voided":
      return refuse(codeOf(booked));
    case "id_conflict":
      return await refusal(266);
    case "payer_unknown":
      return await refusal(260);
    case "payee_unknown":
      return await refusal(262);
    case "account_closed":
      return await refusal(267);
    case "payment_unknown":
      return await refusal(268);
    case "refund_exceeds":
      return await refusal(269);
    case "bankrupt":
      return await refusal(270);
  }
}

/**
 * Refuses an order for good: a payer who was told "no" must not find the money gone a minute later because its payee handed the same order in
 * again, when there was something to take, or when the clock was set.
 */
async function refused(
  code: Code,
  { order: { id }, jws }: VerifiedOrder,
  { payer, server }: { payer: AccountName; server: ServerContext },
): Promise<Outcome<Receipted>> {
  const { ledger, clock } = server;
  const order = { id, digest: orderDigest(jws), by: payer };
  const result = await ledger.voidOrder({ ...order, code, atMs: clock.nowMs() });
  // Handed in over another connection at the same time, and there was something to take just then.
  if (result.outcome === "booked") return await receipted(result.entry, server);
  return refuse(codeOf(result));
}

/** A ledger may come from a version that knows more codes. */
function codeOf({ code }: { readonly code: number }): Code {
  return isCode(code) ? code : 260;
}

async function receipted(entry: Entry, server: ServerContext): Promise<Outcome<Receipted>> {
  return answered({ receipt: await signReceipt(entry, server) });
}

/**
 * So that the payer knows even when the payee keeps it to itself, and the payee that money came without it.
 */
function tellOtherSide(
  { order: { id }, jws }: VerifiedOrder,
  { outcome, submitter, sides, server: { sessions }, cause }: {
    outcome: Outcome<Receipted>;
    submitter: AccountName;
    sides: Sides;
    server: ServerContext;
    cause: Share;
  },
): void {
  if (submitter === sides.payee) {
    const about = { id, order: orderDigest(jws) };
    const result = outcome.outcome === "answered"
      ? { ...about, code: 130, text: codes[130].text, receipt: outcome.answer.receipt }
      : { ...about, code: outcome.code, text: outcome.text };
    for (const session of sessions.of(sides.payer)) session.push(resultType, result, { cause });
  } else if (outcome.outcome === "answered") {
    const payment = { order: jws, receipt: outcome.answer.receipt };
    for (const session of sessions.of(sides.payee)) session.push(paymentType, payment, { cause });
  }
}

/** As the order says, checked or not: this is for the output only. */
function notationOf(jws: string): string {
  try {
    const { payload } = readDocument(jws, { typ: "micropay-order", chain: "required" });
    return `${payload.from}#${payload.amount}#${payload.to}`;
  } catch {
    return "Submit";
  }
}
