/**
 * Keeps evidence against a server in the folder of the account.
 */
import { join } from "node:path";
import { attempting, createFile } from "../../durable_files.ts";
import { evidenceFilesMax } from "../../limits.ts";
import { sha256Hex } from "../../pki/signing_key.ts";
import type { Evidence } from "../evidence.ts";

/** The start of a digest, enough to tell a few failures apart. */
const failureDigits = 8;

/**
 * Writes evidence into a new file, one for each failure: the same signed texts that the server does
 * not prove. The file of an earlier time stays as it is, because it was written when the failure
 * was new. When there are {@link evidenceFilesMax}, none is written.
 *
 * @param folder that of the account or of the witness
 * @returns the path of the file that shows the failure, or of the first one when there are too many
 * @throws {FileError} when it cannot be written
 */
export function keepEvidence(evidence: Evidence, folder: string): string {
  const { checkpoints, receipts } = evidence;
  const texts = [...checkpoints.map(({ checkpoint }) => checkpoint), ...receipts].sort();
  const failure = sha256Hex(JSON.stringify(texts)).slice(0, failureDigits);
  const name = `evidence-${failure}.json`;
  const path = join(folder, name);
  const text = `${JSON.stringify(evidence, undefined, 2)}\n`;
  return attempting(`write ${path}`, () => {
    const kept = [...Deno.readDirSync(folder)].map((file) => file.name)
      .filter((file) => /^evidence-[0-9a-f]+\.json$/.test(file)).sort();
    if (kept.includes(name)) return path;
    if (kept.length >= evidenceFilesMax) return join(folder, kept[0]!);
    createFile(path, text, "private");
    return path;
  });
}
