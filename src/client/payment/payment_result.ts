/**
 * How a payer learns from the server what became of an order.
 */
import { EnvelopeError, MicropayError } from "../../errors.ts";
import { orderDigest } from "../../ledger/entry.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import { historyExchange } from "../../protocol/history.ts";
import { type Receipt, verifyReceipt } from "../../protocol/receipt.ts";
import { statusExchange } from "../../protocol/status.ts";
import { decodeResults, resultType } from "../../protocol/transfer.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { MemberContext } from "../member_context.ts";
import { checkReceipt } from "./receipt_check.ts";
import type { SentOrder } from "./sent_order.ts";

/** Booked, with the proof. */
export interface Paid {
  readonly outcome: "paid";
  readonly receipt: Receipt;
  readonly receiptJws: string;
}

/**
 * Checks that a receipt proves that this order was booked.
 *
 * @throws what `checkReceipt` throws, when it does not
 */
export function checked(
  receiptJws: string,
  { jws }: Pick<SentOrder, "jws">,
  { anchor }: Pick<MemberContext, "anchor">,
): Paid {
  const { receipt } = checkReceipt(receiptJws, jws, { anchor });
  return { outcome: "paid", receipt, receiptJws };
}

/**
 * {@link checked}, and stores it.
 *
 * @throws {FileError} when it cannot be stored; and what `checked` throws
 */
export async function proven(
  receiptJws: string,
  { jws }: Pick<SentOrder, "jws">,
  { anchor, receipts }: Pick<MemberContext, "anchor" | "receipts">,
): Promise<Paid> {
  const { receipt, order } = checkReceipt(receiptJws, jws, { anchor });
  await receipts.add({ receipt, receiptJws, orderJws: jws, memo: order?.memo });
  return { outcome: "paid", receipt, receiptJws };
}

/**
 * Asks the server what became of an order.
 *
 * @param options `voiding` is the compact JWS of an order with this id; when it is not booked it never will be, whatever the clocks say
 * @returns refused with 400 when the server knows no such order of this member; for good, with `voiding`
 * @throws {EnvelopeError} when the receipt it gives is not one for this id
 */
export async function askStatus(
  id: string,
  { anchor, link }: MemberContext,
  { voiding }: { readonly voiding?: string | undefined } = {},
): Promise<Paid | Refusal> {
  const request = voiding === undefined ? { id } : { id, void: voiding };
  const status = await link.ask(statusExchange, request);
  if (status.outcome === "refused") {
    // What is no good order for the server at any time is as good as void.
    return voiding !== undefined && status.code === 261 ? refuse(400) : status;
  }
  const receiptJws = status.answer.receipt;
  const { receipt } = verifyReceipt(receiptJws, { anchor });
  if (receipt.id !== id) throw new EnvelopeError(`ask for ${id}: the receipt is for ${receipt.id}`);
  return { outcome: "paid", receipt, receiptJws };
}

/**
 * Asks the server for one of the member's entries, by its number.
 *
 * @returns refused with 400 when the entry is none of this member's
 * @throws {EnvelopeError} when the receipt it gives is not one for this entry
 */
export async function askEntry(
  number: number,
  { anchor, link }: MemberContext,
): Promise<Paid | Refusal> {
  const page = await link.ask(historyExchange, { limit: 1, after: number - 1 });
  if (page.outcome === "refused") return page;
  const [row] = page.answer.entries;
  if (row?.entry !== number) return refuse(400);
  const { receipt } = verifyReceipt(row.receipt, { anchor });
  if (receipt.entry !== number) {
    throw new EnvelopeError(`ask for entry ${number}: the receipt is for entry ${receipt.entry}`);
  }
  return { outcome: "paid", receipt, receiptJws: row.receipt };
}

/** Whether a receipt is for what an order wants, be it for another order that says the same. */
export function isSamePayment(
  receipt: Pick<Receipt, "payer" | "payee" | "amount">,
  { payer, payee, amount }: Pick<SentOrder, "payer" | "payee" | "amount">,
): boolean {
  return receipt.payer === payer && receipt.payee === payee && receipt.amount === amount;
}

/** Waits for the server's push about one order. To be created before the order is sent. */
export class ResultWatch {
  /** Resolves with what the server says; never, when it says nothing that can be believed. */
  readonly result: Promise<Paid | Refusal>;
  /** The same, once it is there. */
  told: Paid | Refusal | undefined;
  readonly stop: () => void;

  constructor(order: SentOrder, member: MemberContext) {
    const { promise, resolve } = Promise.withResolvers<Paid | Refusal>();
    this.result = promise;
    const read = async (body: JsonObject) => {
      if (this.told) return;
      this.told = await readResult(body, order, member);
      if (this.told) resolve(this.told);
    };
    // One after the other: an order that was handed in twice is told twice, and only the first is news.
    let reading = Promise.resolve();
    this.stop = member.link.listen(resultType, (body) => {
      reading = reading.then(() => read(body));
    });
  }
}

/** @returns `undefined` when it is about another order, or not believable */
async function readResult(
  body: JsonObject,
  order: SentOrder,
  member: MemberContext,
): Promise<Paid | Refusal | undefined> {
  try {
    const results = decodeResults(body);
    // The id alone says nothing: its payee may hand in an earlier order of this id only now, to have it refused.
    const result = results.find((one) => one.order === orderDigest(order.jws));
    if (!result) return undefined;
    const { code, text, receipt } = result;
    if (receipt !== undefined) return await proven(receipt, order, member);
    return { outcome: "refused", code, text };
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    return undefined;
  }
}
