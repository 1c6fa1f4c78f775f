/** The root of a Merkle tree, computed from all leaves as RFC 9162 section 2.1.1 defines it. */
import { createHash } from "node:crypto";
import { TreeProver } from "../../src/ledger/tree_proofs.ts";

/** Makes proofs about the tree of these leaf hashes. */
export function plainProver(leaves: readonly string[]): TreeProver {
  return new TreeProver(
    leaves.length,
    (level, position) =>
      plainRoot(leaves.slice(position * 2 ** level, (position + 1) * 2 ** level)),
  );
}

/** Returns the root of these leaf hashes. All are 64 hexadecimal digits. */
export function plainRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return createHash("sha256").digest("hex");
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const children = [plainRoot(leaves.slice(0, half)), plainRoot(leaves.slice(half))];
  return createHash("sha256").update("\x01").update(children.join(""), "hex").digest("hex");
}
