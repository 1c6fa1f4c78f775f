/**
 * Points of the Ed25519 curve (RFC 8032 section 5.1), for validating public keys. WebCrypto accepts
 * points of any order, and some byte strings that are not points.
 */

/** The field's prime, the curve's constant, and a square root of -1. */
const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const rootOfMinusOne =
  19681161376707505956807079304988542015446066515923890162744021073123829784752n;
/** The order of the group of honest keys, a prime. */
export const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. The residues may be negative. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

/**
 * Returns whether 32 bytes are the canonical encoding of a point of order {@link groupOrder}, as
 * every honest public key is.
 *
 * With a point of small order, one signature fits many texts. With a point of mixed order, programs
 * disagree on which signatures are valid. The check takes about 0.4 ms.
 */
export function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  const point = decodePoint(bytes);
  if (point === undefined || isNeutral(point)) return false;
  return isNeutral(multiplyByOrder(point));
}

/** @returns `undefined` when the bytes are not the canonical encoding of a point */
function decodePoint(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== 32) return undefined;
  let number = 0n;
  for (const byte of bytes.toReversed()) number = (number << 8n) | BigInt(byte);
  const isOdd = number >> 255n === 1n;
  const y = number & (2n ** 255n - 1n);
  if (y >= p) return undefined;
  const x = xOf(y);
  // Zero is its own negative, so the sign bit would give it a second encoding.
  if (x === undefined || (x === 0n && isOdd)) return undefined;
  const signed = (x & 1n) === 1n === isOdd ? x : p - x;
  return { x: signed, y, z: 1n, t: signed * y % p };
}

/** Returns a square root of (y²-1)/(dy²+1), from 0 to p-1 (RFC 8032 section 5.1.3). */
function xOf(y: bigint): bigint | undefined {
  const square = y * y % p;
  const [u, v] = [modulo(square - 1n), (d * square + 1n) % p];
  const v3 = v * v % p * v % p;
  const candidate = u * v3 % p * power(u * v3 % p * v3 % p * v % p, (p - 5n) / 8n) % p;
  const found = v * candidate % p * candidate % p;
  if (found === u) return candidate;
  return found === modulo(-u) ? candidate * rootOfMinusOne % p : undefined;
}

function multiplyByOrder(point: Point): Point {
  let sum = point;
  for (const bit of groupOrder.toString(2).slice(1)) {
    sum = double(sum);
    if (bit === "1") sum = add(sum, point);
  }
  return sum;
}

/** Adds two points by the complete formulas for a = -1 (RFC 8032 section 5.1.4). */
function add(one: Point, other: Point): Point {
  const a = (one.y - one.x) * (other.y - other.x) % p;
  const b = (one.y + one.x) * (other.y + other.x) % p;
  const c = 2n * one.t * other.t % p * d % p;
  const e = 2n * one.z * other.z % p;
  return fromParts(b - a, e - c, e + c, b + a);
}

function double({ x, y, z }: Point): Point {
  const [xx, yy] = [x * x % p, y * y % p];
  const sum = xx + yy;
  const difference = xx - yy;
  return fromParts(sum - (x + y) ** 2n % p, 2n * z * z % p + difference, difference, sum);
}

function fromParts(e: bigint, f: bigint, g: bigint, h: bigint): Point {
  return { x: e * f % p, y: g * h % p, z: f * g % p, t: e * h % p };
}

function isNeutral({ x, y, z }: Point): boolean {
  return x % p === 0n && (y - z) % p === 0n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = result * result % p;
    if (bit === "1") result = result * base % p;
  }
  return result;
}

function modulo(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}
