/**
 * What a client that meets a ledger for the first time has to go by.
 */
import { readDocument } from "../pki/signed_document.ts";

/**
 * The last certificate that the accepting side's first line carries, as it claims. Nothing is verified: it is only good for
 * comparing its fingerprint with one that is trusted, or for showing that to a person.
 *
 * @returns DER, or `undefined` when the line is neither a greeting nor a waiting line
 */
export function announcedRoot(line: string): Uint8Array<ArrayBuffer> | undefined {
  for (const typ of ["micropay-greeting", "micropay-waiting"] as const) {
    try {
      return readDocument(line, { typ, chain: "required" }).chain!.at(-1);
    } catch {
      // Not this kind; maybe the other.
    }
  }
  return undefined;
}
