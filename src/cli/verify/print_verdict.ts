/**
 * `micropay verify --evidence`: what evidence against a server proves.
 */
import { type EvidenceVerdict, verifyEvidence } from "../../client/evidence.ts";
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
 * @returns `ok` when the evidence is genuine
 * @throws {FileError} when it cannot be read
 */
export async function printVerdict(
  file: string,
  { anchor, print, isJson }: VerdictOptions,
): Promise<ExitCode> {
  const text = await readGivenFile(file, `read the evidence ${file}`);
  const verdict = verdictOn(text, anchor);
  const isWrong = typeof verdict === "string";
  if (isJson) {
    print(
      jsonLine({
        ...(isWrong ? { valid: false, text: verdict } : { valid: true, ...verdict }),
        file,
      }),
    );
  } else {
    print(isWrong ? `${printable(file)}: not valid: ${printable(verdict)}` : sentence(verdict));
  }
  return isWrong ? exitCodes.error : exitCodes.ok;
}

/** @returns the verdict, or a sentence about why the evidence proves nothing */
function verdictOn(text: string, anchor: TrustAnchor): EvidenceVerdict | string {
  try {
    return verifyEvidence(text, { anchor });
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return error.message;
  }
}

function sentence({ text }: EvidenceVerdict): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
