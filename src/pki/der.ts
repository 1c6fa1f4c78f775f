/**
 * The frame of an ASN.1 structure, read strictly (DER, X.690 section 10): one byte string has one reading.
 *
 * The X.509 library accepts BER: indefinite and padded lengths, strings in pieces, bytes after the end. With those, what
 * was signed and what was read could differ, and one certificate would have many fingerprints. So the whole structure is
 * walked here first; this also supplies what the library does not show (raw names, algorithm identifiers, the version).
 */
import { CertificateError } from "../errors.ts";

export interface DerElement {
  readonly tag: number;
  /** Tag, length and content. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Empty for a primitive element. */
  readonly children: readonly DerElement[];
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Deepest nesting that is followed; a certificate of ours needs 7. */
export const derDepthMax = 16;

/**
 * Reads exactly one element with everything inside it.
 *
 * @throws {CertificateError} when the bytes are not DER, go on after the element, or nest deeper than
 * {@link derDepthMax}
 */
export function readDer(bytes: Uint8Array<ArrayBuffer>): DerElement {
  const element = readElement(bytes, 0);
  if (element.bytes.length !== bytes.length) throw notDer("bytes after the end");
  return element;
}

/** The children of an element that has to carry `tag`. */
export function childrenOf(element: DerElement | undefined, tag: number): readonly DerElement[] {
  if (element?.tag !== tag) throw notDer("a field of another type is expected");
  return element.children;
}

/** The content of an element that has to carry `tag`. */
export function contentOf(element: DerElement | undefined, tag: number): Uint8Array<ArrayBuffer> {
  if (element?.tag !== tag) throw notDer("a field of another type is expected");
  return element.content;
}

/**
 * The X.509 library takes `[0]` and the like for the sequence or set that is due. Names, and the values of the extensions that we
 * read, have none of them.
 *
 * @throws {CertificateError} when anything in it is constructed and neither a sequence nor a set
 */
export function requireUniversal({ tag, children }: DerElement): void {
  const isConstructed = (tag & 0x20) !== 0;
  if (isConstructed && tag !== derTag.sequence && tag !== derTag.set) {
    throw notDer("a field of another type is expected");
  }
  for (const child of children) requireUniversal(child);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function readElement(bytes: Uint8Array<ArrayBuffer>, depth: number): DerElement {
  if (depth > derDepthMax) throw notDer("nested too deeply");
  const tag = bytes[0];
  if (tag === undefined) throw notDer("cut off");
  if ((tag & 0x1f) === 0x1f) throw notDer("a tag of more than one byte");
  const { length, start } = readLength(bytes);
  if (start + length > bytes.length) throw notDer("cut off");
  const content = bytes.subarray(start, start + length);
  const element = { tag, bytes: bytes.subarray(0, start + length), content };
  if ((tag & 0x20) === 0) {
    checkPrimitive(tag, content);
    return { ...element, children: [] };
  }
  // Of the universal types only these two are constructed in DER: strings in pieces are BER.
  if (tag < 0x80 && tag !== derTag.sequence && tag !== derTag.set) {
    throw notDer("a string in pieces");
  }
  return { ...element, children: readAll(content, depth + 1) };
}

function readAll(content: Uint8Array<ArrayBuffer>, depth: number): DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < content.length;) {
    const child = readElement(content.subarray(at), depth);
    children.push(child);
    at += child.bytes.length;
  }
  return children;
}

function readLength(bytes: Uint8Array): { length: number; start: number } {
  const first = bytes[1];
  if (first === undefined) throw notDer("cut off");
  if (first < 0x80) return { length: first, start: 2 };
  const count = first & 0x7f;
  // 0x80 is BER's indefinite length; two bytes reach further than any size limit of ours.
  if (count !== 1 && count !== 2) throw notDer("a length that is indefinite or too large");
  if (bytes.length < 2 + count) throw notDer("cut off");
  const length = count === 1 ? bytes[2]! : bytes[2]! * 256 + bytes[3]!;
  if (length < (count === 1 ? 0x80 : 0x100)) throw notDer("a padded length");
  return { length, start: 2 + count };
}

function checkPrimitive(tag: number, content: Uint8Array): void {
  const [first, second] = content;
  // The end of an indefinite length in BER; the X.509 library takes it for whatever is due.
  if (tag === 0) throw notDer("a tag of no type");
  if (tag === derTag.sequence - 0x20 || tag === derTag.set - 0x20) throw notDer("a flat sequence");
  if (tag === derTag.boolean && (content.length !== 1 || (first !== 0 && first !== 0xff))) {
    throw notDer("a boolean that is neither false nor true");
  }
  if (tag === derTag.null && content.length !== 0) throw notDer("a null with content");
  if (tag === derTag.integer) {
    if (first === undefined) throw notDer("an empty integer");
    // The same number must not have a longer spelling (X.690 section 8.3.2).
    const padded = second !== undefined &&
      ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (padded) throw notDer("a padded integer");
  }
}

function notDer(why: string): CertificateError {
  return new CertificateError(`read DER: ${why}`);
}
