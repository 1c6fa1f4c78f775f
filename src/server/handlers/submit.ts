/** SUBMIT: a payee hands in an order; it is checked again from the start and booked exactly once. */
import type { AccountName } from "../../account_name.ts";
import { CertificateError, EnvelopeError, ProtocolError } from "../../errors.ts";
import { type Booking, type Entry, issuingAccount } from "../../ledger/entry.ts";
import { codes } from "../../protocol/code.ts";
import { answered, type Outcome, type Refusal, refuse } from "../../protocol/exchange.ts";
import { readDocument } from "../../pki/signed_document.ts";
import { type VerifiedOrder, verifyOrder } from "../../protocol/order.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { resultType, submitExchange } from "../../protocol/transfer.ts";
import { judgeOrder } from "../../protocol/order_judgement.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

interface Receipted {
  readonly receipt: string;
}

export const submitRoute = memberRoute({
  exchange: submitExchange,
  notation: ({ order }) => notationOf(order),
  async handle({ order: jws }, { name, server }) {
    const verified = await verify(jws, server);
    if ("outcome" in verified) return verified;
    const outcome = await book(verified, { payee: name, server });
    // Whoever else hands an order in is refused, and its payee can still have it booked: that "no" is not the payer's answer.
    if (verified.order.to === name) tellPayer(verified, outcome, server);
    return outcome;
  },
});

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
  { payee, server }: { payee: AccountName; server: ServerContext },
): Promise<Outcome<Receipted>> {
  const { ledger, clock } = server;
  const { order, jws } = verified;
  if (order.to !== payee || order.from === issuingAccount) return refuse(261);
  // Asked before anything that changes with time: the same order again gives the same receipt, expired or not.
  const earlier = await ledger.entry(order.id);
  if (earlier?.orderJws === jws) return await receipted(earlier, server);
  const judgement = judgeOrder(order, { nowMs: clock.nowMs() });
  if (judgement) return judgement;
  const payer = await ledger.account(order.from);
  // Issued by our CA, but not (or no longer) the certificate of the account that pays.
  if (payer?.certificate.fingerprint !== verified.certificate.fingerprint) return refuse(261);
  const booking: Booking = {
    id: order.id,
    kind: "payment",
    payer: order.from,
    payee: order.to,
    amount: order.amount,
    ...(order.memo !== undefined && { memo: order.memo }),
    orderJws: jws,
    atMs: clock.nowMs(),
  };
  const booked = await ledger.book(booking);
  switch (booked.outcome) {
    case "booked":
    case "repeated":
      return await receipted(booked.entry, server);
    case "id_conflict":
      return refuse(266);
    case "payer_unknown":
      return refuse(260);
    case "payee_unknown":
      return refuse(262);
    case "bankrupt":
      return refuse(270);
  }
}

async function receipted(entry: Entry, server: ServerContext): Promise<Outcome<Receipted>> {
  return answered({ receipt: await signReceipt(entry, server) });
}

/** So that the payer knows even when the payee keeps it to itself. */
function tellPayer(
  { order }: VerifiedOrder,
  outcome: Outcome<Receipted>,
  { sessions }: ServerContext,
): void {
  if (order.from === issuingAccount) return;
  const { id } = order;
  const result = outcome.outcome === "answered"
    ? { id, code: 130, text: "transfer OK", receipt: outcome.answer.receipt }
    : { id, code: outcome.code, text: outcome.text };
  for (const session of sessions.of(order.from)) session.push(resultType, result);
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
