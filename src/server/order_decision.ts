/** What requests about orders share: the order is one of the asker's, and how a refusal is kept. */
import type { AccountName } from "../account_name.ts";
import { isDocumentError, ProtocolError } from "../errors.ts";
import { issuingAccount } from "../ledger/entry.ts";
import type { Ledger, VoidOutcome } from "../ledger/ledger.ts";
import type { Code } from "../protocol/code.ts";
import { type Refusal, refuse } from "../protocol/request_type.ts";
import { type SignedOrder, unpackOrder, verifyOrder } from "../protocol/order.ts";
import { packedSigner } from "../protocol/packed_document.ts";
import type { MemberRequestContext } from "./route.ts";

/** An order between members: neither side is the issuing account. */
export type MembersOrder = SignedOrder & {
  readonly payload: Readonly<Record<"payer" | "payee", AccountName>>;
};

/**
 * Returns the whole text of an order that a member has sent. A text that refers to no certificate
 * of the ledger stays as it is: then it is no order.
 */
export async function wholeOrder(text: string, ledger: Ledger): Promise<string> {
  const fingerprint = packedSigner(text);
  if (fingerprint === undefined) return text;
  const der = await ledger.certificate(fingerprint);
  return der ? unpackOrder(text, { fingerprint, der }) : text;
}

/**
 * Verifies an order that one of its two sides has sent.
 *
 * @param text the whole compact JWS
 * @returns the order, or why it is refused: then it can never be booked, whatever clocks say
 */
export function verifyOwnOrder(
  text: string,
  { name, server: { anchor } }: Pick<MemberRequestContext, "name" | "server">,
): MembersOrder | Refusal {
  try {
    const order = verifyOrder(text, { anchor });
    const { payer, payee } = order.payload;
    // Only its two sides may ask about an order. The operator books what the server signed.
    return isBetweenMembers(order) && (payer === name || payee === name) ? order : refuse(261);
  } catch (error) {
    if (error instanceof ProtocolError) return refuse(261, error.message);
    // What failed in a crypto check is never told.
    if (isDocumentError(error)) return refuse(261);
    throw error;
  }
}

function isBetweenMembers(order: SignedOrder): order is MembersOrder {
  return order.payload.payer !== issuingAccount && order.payload.payee !== issuingAccount;
}

/**
 * Makes an order void, so that it is never booked. It counts for its payer, whichever side asks:
 * nobody but the payer signs orders that could fill its room.
 */
export function keepVoid(
  { digest, payload: { id, payer, exp }, signer: { fingerprint: certificate } }: MembersOrder,
  context: MemberRequestContext,
  code: Code,
): Promise<VoidOutcome> {
  const { clock, decisions, ledger } = context.server;
  const times = { atMs: clock.nowMs(), expiresAtMs: exp * 1000 };
  const voiding = { id, digest, payer, certificate, code, ...times };
  return ledger.voidOrder(decisions.by(context, voiding));
}
