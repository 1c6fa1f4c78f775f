/**
 * What every request about an order begins with: that it is one, of the asker's; and how a decision against it is kept.
 */
import type { AccountName } from "../account_name.ts";
import { CertificateError, EnvelopeError, ProtocolError } from "../errors.ts";
import { issuingAccount, orderDigest } from "../ledger/entry.ts";
import type { VoidOutcome } from "../ledger/ledger.ts";
import type { Code } from "../protocol/code.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import {
  type ReadOrder,
  readOrder,
  type VerifiedOrder,
  verifyReadOrder,
} from "../protocol/order.ts";
import type { MemberRequestContext } from "./route.ts";
import type { ServerContext } from "./server_context.ts";

/** A genuine order between members. */
export interface MembersOrder extends VerifiedOrder {
  readonly payer: AccountName;
  readonly payee: AccountName;
}

/** Takes an order apart. What is refused here can never be booked. */
export function parseOrder(jws: string): ReadOrder | Refusal {
  try {
    return readOrder(jws);
  } catch (error) {
    return refusalOf(error);
  }
}

/**
 * Verifies an order that one of its two sides has sent. What is refused here can never be booked,
 * whatever clocks say.
 *
 * @param name who sent it
 */
export function verifyOwnOrder(
  read: ReadOrder,
  { name, server: { anchor } }: Pick<MemberRequestContext, "name" | "server">,
): MembersOrder | Refusal {
  try {
    const verified = verifyReadOrder(read, { anchor });
    const { payer, payee } = verified.order;
    // An order is its two sides' business; one that the server signed is booked by the operator, never handed in.
    const isOwn = payer === name || payee === name;
    if (!isOwn || payer === issuingAccount || payee === issuingAccount) return refuse(261);
    return { ...verified, payer, payee };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof ProtocolError) return refuse(261, error.message);
  // What failed in a crypto check is never told.
  if (error instanceof EnvelopeError || error instanceof CertificateError) return refuse(261);
  throw error;
}

/**
 * Keeps that an order is never booked, on its payer's account whichever side asks: nobody but the payer signs orders that could
 * fill its room.
 */
export async function keepVoid(
  { order: { id, exp }, jws, payer, certificate: { fingerprint } }: MembersOrder,
  { ledger, clock }: ServerContext,
  code: Code,
): Promise<VoidOutcome> {
  const digest = orderDigest(jws);
  const times = { atMs: clock.nowMs(), expiresAtMs: exp * 1000 };
  return await ledger.voidOrder({ id, digest, payer, certificate: fingerprint, code, ...times });
}
