/**
 * Receipts as files of their own, for `micropay verify`.
 */
import { join } from "node:path";
import type { StoredReceipt } from "../../client/wallet/wallet_store.ts";
import { FileError, messageOf } from "../../errors.ts";
import { isOrderId } from "../../random.ts";
import { jsonLine } from "../json_line.ts";

/** How many files were written, and how many were there already. */
export interface WrittenReceipts {
  readonly written: number;
  readonly present: number;
}

/** @returns the line that `micropay verify` reads */
export function receiptLine({ receipt, order }: StoredReceipt): string {
  return jsonLine({ receipt, order });
}

/**
 * Writes each receipt into a file `<id>.json`, which only this user can read. Another file of that name is never overwritten.
 *
 * @param folder is made when it is not there
 * @throws {FileError} when one cannot be written, or another file has its name
 */
export async function writeReceiptFiles(
  receipts: AsyncIterable<StoredReceipt>,
  folder: string,
): Promise<WrittenReceipts> {
  const counts = { written: 0, present: 0 };
  await attempt(
    `make the folder ${folder}`,
    () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }),
  );
  for await (const stored of receipts) {
    // Whoever can change the wallet's file is not to choose where this writes.
    if (!isOrderId(stored.id)) {
      throw new FileError(`write the receipt of ${stored.id}: this is not the id of a payment`);
    }
    const path = join(folder, `${stored.id}.json`);
    const isNew = await attempt(
      `write ${path}`,
      () => writeNew(path, `${receiptLine(stored)}\n`, folder),
    );
    counts[isNew ? "written" : "present"]++;
  }
  return counts;
}

/** @returns whether it was not there before */
async function writeNew(path: string, text: string, folder: string): Promise<boolean> {
  // Whole before it has its name: a kill or a full disk leaves no half of a receipt.
  const unfinished = await Deno.makeTempFile({ dir: folder, prefix: ".new-" });
  try {
    using file = await Deno.open(unfinished, { write: true });
    for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
      rest = rest.subarray(await file.write(rest));
    }
    await file.sync();
    await giveName(unfinished, path);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if (await Deno.readTextFile(path) === text) return false;
    throw new FileError(
      `write ${path}: there is another file of that name; give another folder with --out`,
    );
  } finally {
    await Deno.remove(unfinished).catch(() => {});
  }
}

/** Never in place of another file: a link, unlike a rename, is not made where there is one. */
async function giveName(unfinished: string, path: string): Promise<void> {
  try {
    await Deno.link(unfinished, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw error;
    // Disks without links (FAT, as on most memory sticks) get an empty file first, which reserves the name.
    (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
    await Deno.rename(unfinished, path);
  }
}

async function attempt<Result>(what: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(`${what}: ${messageOf(cause)}`, { cause });
  }
}
