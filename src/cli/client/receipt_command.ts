/**
 * `receipt` and `receipts`: prints the wallet's receipts or writes them into files, for `micropay
 * verify`. Neither needs the server.
 */
import { join } from "node:path";
import type { StoredReceipt } from "../../client/wallet/wallet_store.ts";
import type { KeptAccount } from "../../client/wallet.ts";
import { attempting, createFile, readTextIfThere } from "../../durable_files.ts";
import { FileError } from "../../errors.ts";
import { isOrderId } from "../../random.ts";
import { jsonLine } from "../json_line.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { ClientOutput, WrittenReceipts } from "./output.ts";
import { type PaymentReference, referenceText } from "./payment_reference.ts";

type ReceiptCommand = Extract<
  ClientRequest["command"],
  { readonly name: "receipt" | "receipts" }
>;

interface ReceiptOutput {
  readonly output: ClientOutput;
  readonly print: (line: string) => void;
}

/**
 * @throws {FileError} when there is no such receipt, or a file cannot be read or written
 */
export async function showReceipts(
  command: ReceiptCommand,
  kept: KeptAccount,
  { output, print }: ReceiptOutput,
): Promise<void> {
  if (command.name === "receipt") {
    // A number has two receipts when the ledger was rewritten.
    for (const stored of await findReceipts(command.payment, kept)) print(receiptLine(stored));
    return;
  }
  const { out } = command;
  output.printReceiptsWritten(await writeReceiptFiles(kept.receipts.all(), out), { folder: out });
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

/** The line that `micropay verify` reads. */
function receiptLine({ receipt, order }: StoredReceipt): string {
  return jsonLine({ receipt, order });
}

/**
 * Writes each receipt into a file `<id>.json` that only this user can read. Overwrites no file.
 *
 * @param folder is made when it does not exist
 * @throws {FileError} when a file cannot be written, or another file has its name
 */
async function writeReceiptFiles(
  receipts: AsyncIterable<StoredReceipt>,
  folder: string,
): Promise<WrittenReceipts> {
  const counts = { written: 0, present: 0 };
  attempting(
    `make the folder ${folder}`,
    () => Deno.mkdirSync(folder, { recursive: true, mode: 0o700 }),
  );
  for await (const stored of receipts) {
    // An attacker who changes the wallet's file must not choose where this writes.
    if (!isOrderId(stored.id)) {
      throw new FileError(`write the receipt of ${stored.id}: this is not the id of a payment`);
    }
    const path = join(folder, `${stored.id}.json`);
    const isNew = attempting(`write ${path}`, () => writeNew(path, `${receiptLine(stored)}\n`));
    counts[isNew ? "written" : "present"]++;
  }
  return counts;
}

/** @returns whether the file did not exist before */
function writeNew(path: string, text: string): boolean {
  if (createFile(path, text, "private")) return true;
  if (readTextIfThere(path) === text) return false;
  throw new FileError(
    `write ${path}: there is another file of that name; give another folder with --out`,
  );
}
