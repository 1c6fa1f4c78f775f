/** The Merkle tree of a ledger, from the hashes that its rows store. Nothing is verified. */
import { LedgerError } from "../errors.ts";
import { type CompactRange, largestSubtree } from "./merkle_tree.ts";
import { type LedgerSnapshot, storedText, type StoredValue } from "./snapshot.ts";
import { type NodeReader, TreeProver } from "./tree_proofs.ts";

type StoredSubtrees = Pick<LedgerSnapshot, "subtreesOf">;

/**
 * Returns the tree of the first `size` rows.
 *
 * @throws {LedgerError} when a row that ends one of its subtrees is missing, or does not have its
 * hash
 */
export async function storedTree(snapshot: StoredSubtrees, size: number): Promise<CompactRange> {
  const places: [level: number, position: number][] = [];
  for (let end = size; end > 0; end -= largestSubtree(end)) {
    const leaves = largestSubtree(end);
    places.unshift([Math.log2(leaves), end / leaves - 1]);
  }
  const stored = await snapshot.subtreesOf(places.map((place) => endOf(...place)));
  return { size, subtrees: places.map((place) => nodeIn(stored, ...place)) };
}

/**
 * Returns a proof about the tree of the first `size` rows. It calls `prove` twice: the first prover
 * only collects the nodes to read, so that they are read at once.
 *
 * @throws {LedgerError} as {@link storedTree}
 */
export async function storedProof<Proof>(
  snapshot: StoredSubtrees,
  size: number,
  prove: (prover: TreeProver) => Proof,
): Promise<Proof> {
  const numbers = new Set<number>();
  const collect: NodeReader = (level, position) => {
    numbers.add(endOf(level, position));
    return "0".repeat(64);
  };
  prove(new TreeProver(size, collect));
  const stored = await snapshot.subtreesOf([...numbers]);
  return prove(new TreeProver(size, (level, position) => nodeIn(stored, level, position)));
}

/**
 * Returns the number of the row that ends a complete subtree of 2^`level` leaves. The position
 * counts the subtrees of this level, from 0.
 */
function endOf(level: number, position: number): number {
  return (position + 1) * 2 ** level;
}

/** @throws {LedgerError} when the row is missing, or does not have the hash */
function nodeIn(
  stored: ReadonlyMap<number, StoredValue>,
  level: number,
  position: number,
): string {
  const number = endOf(level, position);
  const node = storedText(stored.get(number) ?? "").slice(64 * level, 64 * (level + 1));
  if (/^[0-9a-f]{64}$/.test(node)) return node;
  throw new LedgerError(
    `cannot read the ledger: row ${number} does not have the hash it must have`,
  );
}
