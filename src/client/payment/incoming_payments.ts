/**
 * Payments that arrive. Each one is verified, its receipt is stored, and it is announced once,
 * whichever way it came.
 */
import { EnvelopeError, FileError, messageOf } from "../../errors.ts";
import type { HistoryRow } from "../../protocol/history.ts";
import { type SignedOrder, verifyOrder } from "../../protocol/order.ts";
import { type Receipt, type SignedReceipt, unpackReceipt } from "../../protocol/receipt.ts";
import type { BookedOrder } from "../../protocol/transfer.ts";
import type { MemberContext } from "../member_context.ts";
import { type PaymentWay, proveBooked } from "./order_outcome.ts";

export interface IncomingPayment {
  readonly receipt: SignedReceipt;
  readonly memo: string | undefined;
  /** The id of the payment request that it pays: the payment's own id. */
  readonly request?: string | undefined;
  /** Absent for a payment of the past. */
  readonly way?: PaymentWay | undefined;
}

export interface IncomingListener {
  /** Called once for each payment, however often its order comes. */
  readonly onPayment: (payment: IncomingPayment) => void;
  /** Called with each error of a peer or a payment. The next payment is taken all the same. */
  readonly onFault: (error: unknown) => void;
}

export class IncomingPayments {
  readonly #member: MemberContext;
  readonly #listener: IncomingListener;
  /** Ids of payments that were announced and whose receipts could not be stored. */
  readonly #unkept = new Set<string>();

  constructor(member: MemberContext, listener: IncomingListener) {
    this.#member = member;
    this.#listener = listener;
  }

  fault(error: unknown): void {
    this.#listener.onFault(error);
  }

  /**
   * Takes a booked order. It is announced even when its receipt cannot be stored, because the money
   * is there.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when the receipt does not prove
   * it
   */
  async take(receiptText: string, order: SignedOrder, way: PaymentWay): Promise<void> {
    const { receipt } = proveBooked(receiptText, order, this.#member);
    const { id, memo } = order.payload;
    const request = order.payload.request && id;
    const { onPayment, onFault } = this.#listener;
    try {
      const isNew = await this.#member.receipts.add(receipt, order);
      // Nothing is awaited between these lines, because the same order may come twice at once.
      if (isNew && !this.#unkept.has(id)) onPayment({ receipt, memo, request, way });
    } catch (cause) {
      if (!(cause instanceof FileError)) throw cause;
      if (this.#unkept.has(id)) return;
      this.#unkept.add(id);
      onPayment({ receipt, memo, request, way });
      onFault(unkeptError(receipt.payload, cause));
    }
  }

  /**
   * Takes a payment that its payer submitted, as the server pushes it.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it proves no payment to us
   */
  async takePushed({ order: text, receipt }: BookedOrder): Promise<void> {
    const order = verifyIncoming(text, this.#member);
    await this.take(unpackReceipt(receipt, order, this.#member.link), order, "server");
  }
}

/**
 * Takes a row of this member's history that brought money, known before or not.
 *
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it proves no payment to us
 * @throws {FileError} when its receipt cannot be kept
 */
export async function storeReceived(
  row: Pick<HistoryRow, "order" | "receipt">,
  member: MemberContext,
): Promise<IncomingPayment> {
  const order = verifyIncoming(row.order, member);
  const { receipt } = proveBooked(row.receipt, order, member);
  await member.receipts.add(receipt, order);
  const { id, memo, request } = order.payload;
  return { receipt, memo, request: request && id };
}

/** Verifies an order that the server says was to this member. */
function verifyIncoming(text: string, { anchor, name }: MemberContext): SignedOrder {
  const order = verifyOrder(text, { anchor });
  const { id, payee } = order.payload;
  if (payee !== name) throw new EnvelopeError(`take the payment ${id}: it is to somebody else`);
  return order;
}

function unkeptError({ entry, payer, amount }: Receipt, cause: FileError): FileError {
  return new FileError(
    `keep the receipt of entry ${entry}, ${amount} from ${payer}: ${messageOf(cause)}. ` +
      `The money is there; receive --since ${entry - 1} fetches the receipt when it can be kept`,
    { cause },
  );
}
