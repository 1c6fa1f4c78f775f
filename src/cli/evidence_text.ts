/**
 * Where evidence against a server is, and how others check it.
 */
import { shellWord } from "../pki/gencert_hint.ts";
import { printable } from "../printable.ts";

/** Returns a sentence with the file's path and the command that checks it. */
export function evidenceText(file: string): string {
  return `The evidence is in ${printable(file)}; anybody checks it with: ` +
    `micropay verify --evidence ${printable(shellWord(file))} --ca CA.pem`;
}
