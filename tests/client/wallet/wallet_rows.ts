/**
 * What tests keep in a wallet.
 */
import type { NewReceipt } from "../../../src/client/wallet/wallet_store.ts";
import type { Receipt } from "../../../src/protocol/receipt.ts";
import { alice, anchor } from "../../envelope/vector_parties.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";

export const ledger = "0".repeat(64);
export const otherLedger = "1".repeat(64);

/** @returns an order's id that sorts by its number */
export function orderId(number: number): string {
  return `019aaf3e-7c00-7000-8000-${String(number).padStart(12, "0")}`;
}

/** @returns a real order of alice's, as the compact JWS */
export function orderOf(id: string, amount = 5): string {
  return signPayload(orderPayload(alice, anchor, { id, amount, memo: "lunch" }), alice);
}

export function receiptOf(number: number, changes: Partial<NewReceipt> = {}): NewReceipt {
  const receipt = {
    ledger,
    entry: number,
    id: orderId(number),
    kind: "payment",
    order: ledger,
    payer: "alice",
    payee: "bob",
    amount: 5,
    at: "2026-11-26T12:00:00.000Z",
    head: ledger,
  } as unknown as Receipt;
  const jws = { receiptJws: `r.r.${number}`, orderJws: `o.o.${number}` };
  return { receipt, ...jws, memo: "lunch", ...changes };
}
