/**
 * Signatures of many entries in one piece of memory, which goes from one thread to the other and back. Strings would be copied on the
 * way, and each copy would wait for the garbage collector of its thread: an audit took more memory the longer the ledger was.
 *
 * A batch is, for each entry, the key, a line feed, the JWS and a line feed, all in ASCII.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { BoundedMap } from "../bounded_map.ts";

/** What somebody is said to have signed. */
export interface SignedText {
  /** A compact JWS in the right form. */
  readonly jws: string;
  /** The Ed25519 key that has to have signed it: SubjectPublicKeyInfo (DER) in base64. */
  readonly key: string;
}

const encoder = new TextEncoder();

/**
 * Puts a signed text behind those that are in a batch.
 *
 * @returns where it ends; `undefined` when it does not fit
 */
export function addToBatch(
  memory: Uint8Array<ArrayBuffer>,
  start: number,
  { jws, key }: SignedText,
): number | undefined {
  const line = `${key}\n${jws}\n`;
  const { read, written } = encoder.encodeInto(line, memory.subarray(start));
  return read === line.length ? start + written : undefined;
}

const [lineFeed, dot] = [0x0a, 0x2e];

/** @returns the place, from 0, of the first that is not signed with its key; -1 when all are */
export function firstForged(batch: Uint8Array<ArrayBuffer>): number {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  let start = 0;
  for (let place = 0; start < bytes.length; place++) {
    const keyEnd = bytes.indexOf(lineFeed, start);
    const end = bytes.indexOf(lineFeed, keyEnd + 1);
    const textEnd = bytes.lastIndexOf(dot, end);
    const key = keyOf(bytes.toString("latin1", start, keyEnd));
    const signature = Buffer.from(bytes.toString("latin1", textEnd + 1, end), "base64url");
    if (!verify(null, bytes.subarray(keyEnd + 1, textEnd), key, signature)) return place;
    start = end + 1;
  }
  return -1;
}

/** Keys remembered; more are imported again when they come. */
const keys = new BoundedMap<string, KeyObject>(10_000);

function keyOf(spki: string): KeyObject {
  const known = keys.get(spki);
  if (known) return known;
  const der = Buffer.from(spki, "base64");
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  keys.set(spki, key);
  return key;
}
