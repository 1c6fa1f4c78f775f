/**
 * Handing one order to the server.
 */
import { ProtocolError } from "../../src/errors.ts";
import { orderDigest } from "../../src/ledger/entry.ts";
import { answerWith, type Outcome } from "../../src/protocol/request_type.ts";
import type { PackedReceipt } from "../../src/protocol/receipt.ts";
import { submitRequestType } from "../../src/protocol/transfer.ts";
import type { ServerLink } from "../../src/client/server_link.ts";

/**
 * Submits one order.
 *
 * @param jws the order's compact JWS
 * @returns its receipt, unverified, or the refusal
 * @throws {ProtocolError} when the answer is about another order
 */
export async function submitOrder(
  link: Pick<ServerLink, "ask">,
  jws: string,
): Promise<Outcome<{ receipt: PackedReceipt }>> {
  const outcome = await link.ask(submitRequestType, { orders: [jws] });
  if (outcome.outcome === "refused") return outcome;
  const [result, ...others] = outcome.answer.results;
  if (!result || others.length > 0 || result.order !== orderDigest(jws)) {
    throw new ProtocolError("submit an order: the answer is about another");
  }
  const { code, text, receipt } = result;
  return receipt === undefined ? { outcome: "refused", code, text } : answerWith({ receipt });
}
