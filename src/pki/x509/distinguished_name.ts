/** Distinguished names of certificates and requests: one common name (RFC 5280 section 4.1.2.4). */
import { decodeHex } from "@std/encoding/hex";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer } from "./der.ts";

/** The two string types that RFC 5280 allows in a new name. */
export type NameTag = typeof derTag.printableString | typeof derTag.utf8String;

const commonNameId = decodeHex("0603550403");

/** Returns the string type of a name in our certificates: PrintableString where that suffices. */
export function nameTagOf(name: string): NameTag {
  return isPrintableString(name) ? derTag.printableString : derTag.utf8String;
}

/** Returns the DER of a distinguished name with this common name. */
export function encodeName(name: string, tag: NameTag = nameTagOf(name)): Bytes {
  const text = encodeDer(tag, new TextEncoder().encode(name));
  return encodeDer(
    derTag.sequence,
    encodeDer(derTag.set, encodeDer(derTag.sequence, commonNameId, text)),
  );
}

/**
 * Returns the common name and its string type. Whatever surrounds it is not checked here.
 *
 * @throws {CertificateError} when the element has no common name in its place
 */
export function readName(element: DerElement): { name: string; tag: NameTag } {
  const { tag, content } = elementAt(element, 0, 0, 1);
  const name = new TextDecoder().decode(content);
  const isPrintable = tag === derTag.printableString && isPrintableString(name);
  return { name, tag: isPrintable ? derTag.printableString : derTag.utf8String };
}

/** Returns whether X.680's PrintableString has all characters of a text. */
function isPrintableString(text: string): boolean {
  return /^[A-Za-z0-9 '()+,./:=?-]*$/.test(text);
}
