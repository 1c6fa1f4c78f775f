/**
 * The names in certificates and requests: one common name and nothing else (RFC 5280 section 4.1.2.4).
 */
import { type Bytes, type DerElement, derTag, elementAt, encodeDer, hexBytes } from "./der.ts";

/** The two kinds of text that RFC 5280 lets a new name have. */
export type NameTag = typeof derTag.printableString | typeof derTag.utf8String;

const commonNameId = hexBytes("0603550403");

/** The kind of text in our own certificates: PrintableString where it can say the name. */
export function nameTagOf(name: string): NameTag {
  return isPrintableString(name) ? derTag.printableString : derTag.utf8String;
}

/** @returns the DER of the name, whose text is of the kind {@link nameTagOf} unless told otherwise */
export function encodeName(name: string, tag: NameTag = nameTagOf(name)): Bytes {
  const text = encodeDer(tag, new TextEncoder().encode(name));
  return encodeDer(
    derTag.sequence,
    encodeDer(derTag.set, encodeDer(derTag.sequence, commonNameId, text)),
  );
}

/** The text of a common name, whatever stands around it: the reader encodes it anew and compares. */
export function readName(element: DerElement): { name: string; tag: NameTag } {
  const { tag, content } = elementAt(element, 0, 0, 1);
  const name = new TextDecoder().decode(content);
  const isPrintable = tag === derTag.printableString && isPrintableString(name);
  return { name, tag: isPrintable ? derTag.printableString : derTag.utf8String };
}

/** Whether all characters are those of X.680's PrintableString. */
function isPrintableString(text: string): boolean {
  return /^[A-Za-z0-9 '()+,./:=?-]*$/.test(text);
}
