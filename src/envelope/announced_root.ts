/**
 * What a client that meets a ledger for the first time has to go by.
 */
import { readDocument } from "../pki/signed_document.ts";

/**
 * The last certificate that the accepting side's first line carries, as it claims. Nothing is verified: it is only good for
 * comparing its fingerprint with one that is trusted, or for showing that to a person.
 *
 * @returns DER, or `undefined` when the line is not a greeting
 */
export function announcedRoot(line: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return readDocument(line, { typ: "micropay-greeting", chain: "required" }).chain!.at(-1);
  } catch {
    return undefined;
  }
}
