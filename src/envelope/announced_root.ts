/**
 * The CA certificate that an unverified greeting announces.
 */
import { readDocument } from "../pki/signed_document.ts";

/**
 * Returns the last certificate in a greeting, unverified. A new client compares its fingerprint
 * with a trusted one, or shows it to a person.
 *
 * @param line the accepting side's first line
 * @returns the certificate in DER, or `undefined` when the line is not a greeting
 */
export function announcedRoot(line: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return readDocument(line, { typ: "micropay-greeting", chain: "required" }).chain!.at(-1);
  } catch {
    return undefined;
  }
}
