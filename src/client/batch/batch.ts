/**
 * A batch: the payments of one file. The payment id of a line depends on the payer, the bytes of
 * the file and the number of the line alone. So the same file pays each line once, however often
 * and from however many machines it is paid.
 */
import type { AccountName } from "../../account_name.ts";
import type { Amount } from "../../money.ts";
import { derivedOrderId } from "../../protocol/derived_order_id.ts";

/** One payment of a batch. */
export interface BatchLine {
  /** The number of its line in the file, from 1. */
  readonly number: number;
  readonly payee: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
}

export interface Batch {
  readonly lines: readonly BatchLine[];
  /** The SHA-256 of the file's bytes, 64 hexadecimal digits. */
  readonly digest: string;
}

/** Returns the payment id of a line. */
export function batchLineId(
  { digest, number }: { readonly digest: string; readonly number: number },
  payer: AccountName,
): string {
  const content = `${digest} ${number}`;
  return derivedOrderId({ account: payer, purpose: "micropay batch line", content });
}
