/**
 * `receipt` and `receipts`: prints the wallet's receipts or writes them into files, for `micropay
 * verify`. Only a proof needs the server.
 */
import { join } from "node:path";
import type { MemberAudit } from "../../client/ledger_audit.ts";
import type { Member } from "../../client/member.ts";
import type { StoredReceipt } from "../../client/wallet/wallet_store.ts";
import type { KeptAccount } from "../../client/wallet.ts";
import { attempting, createFile, readTextIfThere } from "../../durable_files.ts";
import { FileError } from "../../errors.ts";
import type { ReceiptProof } from "../../protocol/receipt_proof.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import { isOrderId } from "../../random.ts";
import { jsonLine } from "../json_line.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { ClientOutput, WrittenReceipts } from "./output.ts";
import { type PaymentReference, referenceText } from "./payment_reference.ts";

type CommandNamed<Name> = Extract<ClientRequest["command"], { readonly name: Name }>;

/** @throws {FileError} when a file cannot be read or written */
export async function exportReceipts(
  { out }: CommandNamed<"receipts">,
  { receipts }: KeptAccount,
  { output }: { readonly output: ClientOutput },
): Promise<void> {
  output.printReceiptsWritten(await writeReceiptFiles(receipts.all(), out), { folder: out });
}

/** @throws {FileError} when there is no such receipt, or the wallet cannot be read */
export async function showReceipt(
  { payment }: CommandNamed<"receipt">,
  kept: KeptAccount,
  { print }: { readonly print: (line: string) => void },
): Promise<void> {
  // A number has two receipts when the ledger was rewritten.
  for (const stored of await findReceipts(payment, kept)) print(receiptLine(stored));
}

/**
 * Prints a receipt with the server's proof that the ledger still has its entry.
 *
 * @returns the server's refusal, or the audit that found the ledger rewritten
 * @throws {FileError} when there is no such receipt, or the wallet cannot be read
 */
export async function showProvenReceipt(
  { payment }: CommandNamed<"receipt">,
  member: Member,
  { print }: { readonly print: (line: string) => void },
): Promise<MemberAudit | Refusal | undefined> {
  const { name: account, receipts, receiptsFile: file } = member.context;
  for (const stored of await findReceipts(payment, { account, receipts, file })) {
    const proven = await member.prove(stored);
    if (proven.outcome !== "proven") return proven;
    print(receiptLine(stored, proven.proof));
  }
  return undefined;
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
function receiptLine({ receipt, order }: StoredReceipt, proof?: ReceiptProof): string {
  return jsonLine({ receipt, order, ...proof });
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
