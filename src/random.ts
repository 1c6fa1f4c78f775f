/** Randomness for nonces, ids and serial numbers. Cryptographic keys come from the runtime. */
import { Buffer } from "node:buffer";
import { encodeBase64Url } from "./base64.ts";
import type { Clock } from "./clock.ts";

/** A source of random bytes. */
export interface Random {
  /** Returns `length` new random bytes, at most 65,536. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The machine's cryptographically secure generator. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** Bytes of a connection's nonce, enough that no two connections share one. */
export const nonceBytes = 16;

/** Returns a new nonce: 22 characters of base64url. */
export function makeNonce(random: Random): string {
  return encodeBase64Url(random.bytes(nonceBytes));
}

/** Returns a new order id: a UUIDv7, so that ids sort by time (RFC 9562 section 5.7). */
export function makeOrderId(clock: Pick<Clock, "nowMs">, random: Random): string {
  const bytes = random.bytes(16);
  const view = new DataView(bytes.buffer);
  const milliseconds = clock.nowMs();
  view.setUint16(0, Math.floor(milliseconds / 2 ** 32));
  view.setUint32(2, milliseconds % 2 ** 32);
  return orderIdOf(bytes, 7);
}

/** Returns 16 bytes as an order id. Version and variant replace six of their bits. */
export function orderIdOf(bytes: Uint8Array<ArrayBuffer>, version: 7 | 8): string {
  bytes[6] = version << 4 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Buffer.from(bytes.buffer).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .join("-");
}

const orderIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Returns whether a decoded value is an order id: a UUID of version 7 or 8 in lower case. */
export function isOrderId(value: unknown): value is string {
  return typeof value === "string" && orderIdPattern.test(value);
}
