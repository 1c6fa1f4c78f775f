/**
 * Keeps evidence against a server in the folder of the account.
 */
import { join } from "node:path";
import { attempting, createFile } from "../../durable_files.ts";
import type { MemberAudit } from "../ledger_audit.ts";

/** The start of a head, enough to tell two ledgers of one length apart. */
const headDigits = 8;

/**
 * Writes the evidence of a failed audit into a new file. An earlier file about the same tree stays
 * as it is, because it was written when the failure was new.
 *
 * @param folder the account's
 * @returns the file's path; `undefined` when nothing is wrong
 * @throws {FileError} when it cannot be written
 */
export function keepEvidence(
  { evidence, entries, head }: MemberAudit,
  folder: string,
): string | undefined {
  if (!evidence) return undefined;
  const path = join(folder, `evidence-${entries}-${head.slice(0, headDigits)}.json`);
  const text = `${JSON.stringify(evidence, undefined, 2)}\n`;
  attempting(`write ${path}`, () => createFile(path, text, "private"));
  return path;
}
