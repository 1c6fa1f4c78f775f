/**
 * `receipt` and `receipts`: the receipts that are kept here, for `micropay verify`. Neither needs the server.
 */
import type { KeptAccount } from "../../client/wallet.ts";
import { FileError } from "../../errors.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { ClientOutput } from "./output.ts";
import { type PaymentReference, referenceText } from "./payment_reference.ts";
import { receiptLine, writeReceiptFiles } from "./receipt_files.ts";

export type ReceiptCommand = Extract<
  ClientRequest["command"],
  { readonly name: "receipt" | "receipts" }
>;

interface ReceiptOutput {
  readonly output: ClientOutput;
  readonly print: (line: string) => void;
}

/** @throws {FileError} when there is no such receipt, or a file cannot be read or written */
export async function showReceipts(
  command: ReceiptCommand,
  kept: KeptAccount,
  { output, print }: ReceiptOutput,
): Promise<void> {
  if (command.name === "receipt") {
    // Of a ledger that was rewritten, a number may have two.
    for (const stored of await findReceipts(command.payment, kept)) print(receiptLine(stored));
    return;
  }
  const { out } = command;
  output.receiptsWritten(await writeReceiptFiles(kept.receipts.all(), out), { folder: out });
}

async function findReceipts(payment: PaymentReference, { account, file, receipts }: KeptAccount) {
  const found = await receipts.find(payment);
  if (found.length > 0) return found;
  throw new FileError(
    `find the receipt of ${referenceText(payment)}: ${file} has none for ${account}. ` +
      `history --json asks the server for all, and receive --since 0 keeps those of what ` +
      `${account} was paid`,
  );
}
