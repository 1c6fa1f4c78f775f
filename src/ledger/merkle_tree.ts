/**
 * The Merkle tree over the ledger's rows (RFC 9162 section 2.1, SHA-256), as pure functions.
 *
 * The row number `n` is the leaf at index `n - 1`. A subtree in this module is complete: it has 2^k
 * leaves, and its first index is a multiple of 2^k. So it never changes. Each hash is 64 lower-case
 * hexadecimal digits.
 */
import { hash } from "node:crypto";

/** A tree, as the roots of the largest subtrees that it consists of. */
export interface CompactRange {
  /** The number of leaves. */
  readonly size: number;
  /** From the first leaves on, so the largest subtree comes first: one for each bit of `size`. */
  readonly subtrees: readonly string[];
}

/** The tree without leaves. */
export const emptyTree: CompactRange = { size: 0, subtrees: [] };

/** Returns the hash of a leaf: SHA-256 of a byte 0 and the leaf's text in UTF-8. */
export function hashLeaf(text: string): string {
  return hash("sha256", `\0${text}`, "hex");
}

/** Returns the hash of an inner node: SHA-256 of a byte 1 and the hashes of both children. */
export function hashNode(left: string, right: string): string {
  writeHash(left, 1);
  writeHash(right, 33);
  return hash("sha256", node, "hex");
}

/** A tree after one more leaf. */
export interface Grown {
  readonly tree: CompactRange;
  /** The roots of the subtrees that the leaf completes: the leaf itself, then larger ones. */
  readonly completed: readonly string[];
}

/** Returns the tree with one more leaf at its end. */
export function appendLeaf({ size, subtrees }: CompactRange, leaf: string): Grown {
  const kept = [...subtrees];
  const completed = [leaf];
  let root = leaf;
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    root = hashNode(kept.pop()!, root);
    completed.push(root);
  }
  kept.push(root);
  return { tree: { size: size + 1, subtrees: kept }, completed };
}

/** Returns the root of a tree. Without leaves it is the SHA-256 of nothing. */
export function rootOf({ subtrees }: CompactRange): string {
  if (subtrees.length === 0) return hash("sha256", "", "hex");
  return subtrees.reduceRight((right, left) => hashNode(left, right));
}

/** Returns the number of subtrees that a tree consists of: the one bits of its size. */
export function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Returns the leaves of the largest subtree that ends with the row of this number. */
export function largestSubtree(number: number): number {
  let leaves = 1;
  while (number % (2 * leaves) === 0) leaves *= 2;
  return leaves;
}

/** The bytes of an inner node, written anew for each hash. This saves most of a hash's time. */
const node = Uint8Array.of(1, ...new Uint8Array(64));

/** The value of each hexadecimal digit, by its character code. */
const digitValues = new Uint8Array(128);
for (let value = 0; value < 16; value++) digitValues[value.toString(16).charCodeAt(0)] = value;

function writeHash(digits: string, offset: number): void {
  for (let index = 0; index < 32; index++) {
    const high = digitValues[digits.charCodeAt(2 * index)]!;
    node[offset + index] = high << 4 | digitValues[digits.charCodeAt(2 * index + 1)]!;
  }
}
