/**
 * What tests keep in a wallet.
 */
import type { Order, SignedOrder } from "../../../src/protocol/order.ts";
import { readDocument } from "../../../src/pki/signed_document.ts";
import type { Receipt, SignedReceipt } from "../../../src/protocol/receipt.ts";
import { orderDigest } from "../../../src/ledger/entry.ts";
import { alice, anchor } from "../../envelope/vector_parties.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";

export const ledger = "0".repeat(64);
export const otherLedger = "1".repeat(64);

/** @returns an order's id that sorts by its number */
export function orderId(number: number): string {
  return `019aaf3e-7c00-7000-8000-${String(number).padStart(12, "0")}`;
}

/** @returns an order that alice signed */
export function orderOf(id: string, amount = 5): SignedOrder {
  const payload = orderPayload(alice, anchor, { id, amount, memo: "lunch" });
  return unverified(signPayload(payload, alice));
}

/** @returns the order in a text, whose signature is not checked */
export function unverified(text: string): SignedOrder {
  const { payload, signature } = readDocument(text, { typ: "micropay-order", chain: "single" });
  const digest = orderDigest(text);
  return {
    text,
    digest,
    payload: payload as Order,
    request: undefined,
    signature,
    signer: alice.certificate,
  };
}

/** What {@link receiptOf} makes of its own accord, unless it is given here. */
export interface ReceiptChanges {
  readonly text?: string;
  readonly entry?: number;
  readonly order?: SignedOrder;
  readonly payer?: Receipt["payer"];
  readonly kind?: Receipt["kind"];
}

/** @returns a receipt and its order, with as much as a wallet reads of them; neither is signed */
export function receiptOf(
  number: number,
  { text = `r.r.${number}`, entry = number, order, payer, kind = "payment" }: ReceiptChanges = {},
): [SignedReceipt, SignedOrder] {
  const payload = {
    ledger,
    entry,
    id: orderId(number),
    kind,
    order: ledger,
    payer: payer ?? "alice",
    payee: payer === undefined ? "bob" : "alice",
    amount: 5,
    at: "2026-11-26T12:00:00.000Z",
    head: ledger,
  } as unknown as Receipt;
  const plain = { text: `o.o.${number}`, payload: { memo: "lunch" } } as unknown as SignedOrder;
  return [{ text, payload } as SignedReceipt, order ?? plain];
}
