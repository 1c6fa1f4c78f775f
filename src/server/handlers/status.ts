/**
 * STATUS: tells one of the two sides of an order what became of it. On request it makes sure that
 * the order is never booked.
 */
import type { Entry } from "../../ledger/entry.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { requireOrderText } from "../../protocol/order.ts";
import { packDocument } from "../../protocol/packed_document.ts";
import { statusRequestType } from "../../protocol/status.ts";
import { keepVoid, type MembersOrder, verifyOwnOrder, wholeOrder } from "../order_decision.ts";
import { type MemberRequestContext, memberRoute } from "../route.ts";

export const statusRoute = memberRoute({
  requestType: statusRequestType,
  notation: ({ id }) => `Status#${id}`,
  async handle({ id, void: jws }, context) {
    const { server } = context;
    // Checked before the entry is read, so that a refusal tells nothing about others' payments.
    const own = jws === undefined
      ? undefined
      : verifyOwnOrder(await wholeOrder(jws, server.ledger), context);
    if (own && "outcome" in own) return own;
    if (own && own.payload.id !== id) return refuse(261);
    const entry = await server.ledger.entry(id);
    if (entry) return await tell(entry, context);
    return own ? await makeVoid(own, context) : refuse(400);
  },
});

/**
 * Answers with an entry's order and receipt. Others than its two sides learn not even that it
 * exists.
 */
async function tell(entry: Entry, { name, server, session }: MemberRequestContext) {
  if (entry.payer !== name && entry.payee !== name) return refuse(400);
  const { certificate: signer } = entry;
  const { peer } = session.channel;
  const text = requireOrderText(entry, { ledgerId: server.anchor.fingerprint });
  // The asker may have no other certificate than its own.
  const isOwn = peer.kind === "certified" && peer.certificate.fingerprint === signer.fingerprint;
  const order = isOwn ? packDocument({ text, signer }) : text;
  const booked = { order, receipt: server.decisions.receiptOf(entry) };
  if (entry.kind !== "payment") return answerWith(booked);
  return answerWith({ ...booked, refunded: await server.ledger.sumRefunds(entry.id) });
}

/** Makes an order void, unless it is booked. Its payer and its payee may ask for that. */
async function makeVoid(own: MembersOrder, context: MemberRequestContext) {
  const { server, session } = context;
  // An order that is invalid at any time need not be kept.
  if (judgeOrder(own, { atMs: server.clock.nowMs() })?.isLasting) return refuse(400);
  const result = await session.commit(() => keepVoid(own, context, 265));
  switch (result.outcome) {
    case "booked":
      return await tell(result.entry, context);
    case "no_room":
      return refuse(520);
    case "voided":
    case "repeated":
    case "expired":
    case "unbookable":
      return refuse(400);
  }
}
