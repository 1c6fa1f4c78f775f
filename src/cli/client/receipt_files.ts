/**
 * Receipts as files of their own, for `micropay verify`.
 */
import { join } from "node:path";
import type { StoredReceipt } from "../../client/wallet/wallet_store.ts";
import { attempting, createFile, readTextIfThere } from "../../durable_files.ts";
import { FileError } from "../../errors.ts";
import { isOrderId } from "../../random.ts";
import { jsonLine } from "../json_line.ts";

/** How many files were written, and how many existed already. */
export interface WrittenReceipts {
  readonly written: number;
  readonly present: number;
}

/** @returns the line that `micropay verify` reads */
export function receiptLine({ receipt, order }: StoredReceipt): string {
  return jsonLine({ receipt, order });
}

/**
 * Writes each receipt into a file `<id>.json`, which only this user can read. It overwrites no file.
 *
 * @param folder is made when it does not exist
 * @throws {FileError} when a file cannot be written, or another file has its name
 */
export async function writeReceiptFiles(
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
