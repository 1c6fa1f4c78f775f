/**
 * DER (X.690), which has one encoding for each value. The reader follows tags and lengths only.
 * Callers encode what they read again and compare the bytes, so the contents need no checks here.
 */
import { Buffer } from "node:buffer";
import { CertificateError } from "../../errors.ts";

/** Bytes in memory of their own, as WebCrypto requires. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** One element of a DER structure. */
export interface DerElement {
  readonly tag: number;
  /** Tag, length and content. */
  readonly bytes: Bytes;
  readonly content: Bytes;
  /** Empty for a primitive element. */
  readonly children: readonly DerElement[];
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Deepest nesting of elements. Our certificates need 7. Past it: refused. */
export const derDepthMax = 16;

/**
 * Encodes one element.
 *
 * @param contents the content, in parts
 * @throws {CertificateError} when the content has more than 65,535 bytes
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeHex } from "@std/encoding/hex";
 *
 * const bytes = encodeDer(derTag.sequence, encodeDer(derTag.integer, Uint8Array.of(5)));
 * assertEquals(bytes, decodeHex("3003020105"));
 * assertEquals(elementAt(readDer(bytes), 0).content, Uint8Array.of(5));
 * ```
 */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  if (length > 0xffff) throw new CertificateError(`encode DER: ${length} bytes in one element`);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

/**
 * Reads exactly one element with all elements inside it.
 *
 * @throws {CertificateError} when a tag or length is not DER, bytes follow the element, or it nests
 * deeper than {@link derDepthMax}
 */
export function readDer(bytes: Bytes): DerElement {
  const element = readElement(bytes, 0);
  if (element.bytes.length !== bytes.length) throw notDer("bytes after the end");
  return element;
}

/**
 * Returns the element at a path of child numbers, counted from 0.
 *
 * @throws {CertificateError} when there is no such child
 */
export function elementAt(element: DerElement, ...path: readonly number[]): DerElement {
  let found: DerElement | undefined = element;
  for (const index of path) found = found?.children[index];
  if (found === undefined) throw notDer(`no element at ${path.join(".")}`);
  return found;
}

/** Returns whether two byte strings are equal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function readElement(bytes: Bytes, depth: number): DerElement {
  if (depth > derDepthMax) throw notDer("nested too deeply");
  const tag = bytes[0];
  if (tag === undefined) throw notDer("cut off");
  if ((tag & 0x1f) === 0x1f) throw notDer("a tag of more than one byte");
  const { length, start } = readLength(bytes);
  if (start + length > bytes.length) throw notDer("cut off");
  const content = bytes.subarray(start, start + length);
  const isConstructed = (tag & 0x20) !== 0;
  const children = isConstructed ? readAll(content, depth + 1) : [];
  return { tag, bytes: bytes.subarray(0, start + length), content, children };
}

function readAll(content: Bytes, depth: number): DerElement[] {
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
  // 0x80 is BER's indefinite length. Two bytes exceed all our size limits.
  if (count !== 1 && count !== 2) throw notDer("a length that is indefinite or too large");
  if (bytes.length < 2 + count) throw notDer("cut off");
  const length = count === 1 ? bytes[2]! : bytes[2]! * 256 + bytes[3]!;
  if (length < (count === 1 ? 0x80 : 0x100)) throw notDer("a padded length");
  return { length, start: 2 + count };
}

function notDer(why: string): CertificateError {
  return new CertificateError(`read DER: ${why}`);
}
