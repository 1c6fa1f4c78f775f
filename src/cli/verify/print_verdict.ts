/**
 * `micropay verify --evidence`: what evidence against a server proves.
 */
import { verifyEvidence } from "../../client/evidence.ts";
import { isDocumentError } from "../../errors.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { printable } from "../../printable.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { readGivenFile } from "../given_file.ts";
import { jsonLine } from "../json_line.ts";

interface VerdictOptions {
  readonly anchor: TrustAnchor;
  readonly print: (line: string) => void;
  readonly isJson: boolean;
}

/**
 * Prints the verdict on a file of evidence.
 *
 * @returns `ok` when the server's signatures prove that it rewrote its ledger
 * @throws {FileError} when it cannot be read
 */
export async function printVerdict(
  file: string,
  { anchor, print, isJson }: VerdictOptions,
): Promise<ExitCode> {
  const text = await readGivenFile(file, `read the evidence ${file}`);
  const { valid, text: said } = verdictOn(text, anchor);
  if (isJson) print(jsonLine({ valid, ...(valid && { restsOn: "signatures" }), text: said, file }));
  else if (valid) print(`${said[0]!.toUpperCase()}${said.slice(1)}.`);
  else print(`${printable(file)}: not valid: ${printable(said)}`);
  return valid ? exitCodes.ok : exitCodes.error;
}

/** @returns what the evidence proves, or why it proves nothing */
function verdictOn(text: string, anchor: TrustAnchor): { valid: boolean; text: string } {
  try {
    return { valid: true, text: verifyEvidence(text, { anchor }) };
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return { valid: false, text: error.message };
  }
}
