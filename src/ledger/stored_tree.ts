/** The Merkle tree of a ledger, from the hashes that its rows store. Nothing is verified. */
import { LedgerError } from "../errors.ts";
import { type CompactRange, emptyTree, largestSubtree } from "./merkle_tree.ts";
import { type LedgerSnapshot, storedText } from "./snapshot.ts";

type StoredSubtrees = Pick<LedgerSnapshot, "subtreesOf">;

/**
 * Returns the root of a complete subtree of 2^`level` leaves, from the row that ends it. The
 * position counts the subtrees of this level, from 0.
 *
 * @throws {LedgerError} when this row is missing, or does not have the hash
 */
export function storedNode(snapshot: StoredSubtrees, level: number, position: number): string {
  const number = (position + 1) * 2 ** level;
  const subtrees = storedText(snapshot.subtreesOf(number) ?? "");
  const node = subtrees.slice(64 * level, 64 * (level + 1));
  if (/^[0-9a-f]{64}$/.test(node)) return node;
  throw new LedgerError(
    `cannot read the ledger: row ${number} does not have the hash it must have`,
  );
}

/**
 * Returns the tree of the first `size` rows.
 *
 * @throws {LedgerError} when a row that ends one of its subtrees is missing, or does not have its
 * hash
 */
export function storedTree(snapshot: StoredSubtrees, size: number): CompactRange {
  const subtrees: string[] = [];
  for (let end = size; end > 0; end -= largestSubtree(end)) {
    const leaves = largestSubtree(end);
    subtrees.unshift(storedNode(snapshot, Math.log2(leaves), end / leaves - 1));
  }
  return size === 0 ? emptyTree : { size, subtrees };
}
