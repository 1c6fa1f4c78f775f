/**
 * Money that came: each payment is verified, its receipt is stored, and it is told of once, whichever way it came.
 */
import { EnvelopeError, FileError, messageOf } from "../../errors.ts";
import type { HistoryRow } from "../../protocol/history.ts";
import { type VerifiedOrder, verifyOrder } from "../../protocol/order.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import type { MemberContext } from "../member_context.ts";
import { checked, proven } from "./payment_result.ts";

export interface IncomingPayment {
  readonly receipt: Receipt;
  readonly receiptJws: string;
  readonly memo: string | undefined;
}

export interface IncomingListener {
  /** Told once of each payment, however often its order comes. */
  readonly onPayment: (payment: IncomingPayment) => void;
  /** Told what went wrong with a peer or a payment; the next one is taken all the same. */
  readonly onFault: (error: unknown) => void;
}

export class IncomingPayments {
  readonly #member: MemberContext;
  readonly #listener: IncomingListener;
  /** Ids of payments that were told of and whose receipts could not be stored: as many as come while the disk is full. */
  readonly #unkept = new Set<string>();

  constructor(member: MemberContext, listener: IncomingListener) {
    this.#member = member;
    this.#listener = listener;
  }

  fault(error: unknown): void {
    this.#listener.onFault(error);
  }

  /**
   * Takes an order that was booked. It is told of when its receipt cannot be stored, too: the money is there.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when the receipt does not prove that
   */
  async take(receiptJws: string, { order, jws }: VerifiedOrder): Promise<void> {
    const { receipt } = checked(receiptJws, { ...order, jws }, this.#member);
    const payment = { receipt, receiptJws, memo: order.memo };
    const { onPayment, onFault } = this.#listener;
    try {
      const { receipts } = this.#member;
      // Nothing is waited for between this and the telling: the same order may come twice at once.
      const isNew = await receipts.add({ ...payment, orderJws: jws });
      if (isNew && !this.#unkept.has(order.id)) onPayment(payment);
    } catch (cause) {
      if (!(cause instanceof FileError)) throw cause;
      if (this.#unkept.has(order.id)) return;
      this.#unkept.add(order.id);
      onPayment(payment);
      onFault(unkept(receipt, cause));
    }
  }

  /**
   * Takes what the server says of money that came without this client: an order that its payer handed in.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it does not prove that
   */
  async takePushed(
    { order: jws, receipt }: { readonly order: string; readonly receipt: string },
  ): Promise<void> {
    const { anchor, name } = this.#member;
    const verified = verifyOrder(jws, { anchor });
    if (verified.order.payee !== name) {
      throw new EnvelopeError(`take the payment ${verified.order.id}: it is to somebody else`);
    }
    await this.take(receipt, verified);
  }
}

/**
 * Takes a row of the own history for money that came, whether it was known before or not.
 *
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it does not prove what it says
 * @throws {FileError} when its receipt cannot be stored
 */
export async function storeReceived(
  row: Pick<HistoryRow, "order" | "receipt">,
  member: MemberContext,
): Promise<IncomingPayment> {
  const { order, jws } = verifyOrder(row.order, { anchor: member.anchor });
  const { receipt } = await proven(row.receipt, { ...order, jws }, member);
  return { receipt, receiptJws: row.receipt, memo: order.memo };
}

function unkept({ entry, payer, amount }: Receipt, cause: FileError): FileError {
  return new FileError(
    `keep the receipt of entry ${entry}, ${amount} from ${payer}: ${messageOf(cause)}. ` +
      `The money is there; receive --since ${entry - 1} fetches the receipt when it can be kept`,
    { cause },
  );
}
