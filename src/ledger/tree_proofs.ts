/**
 * Proofs about a Merkle tree: RFC 9162 sections 2.1.3 and 2.1.4, as pure functions. Each hash is 64
 * lower-case hexadecimal digits.
 */
import type { LedgerProofs, ProofQuery } from "./ledger.ts";
import { emptyTree, hashNode, rootOf, subtreeCount } from "./merkle_tree.ts";

/**
 * Returns the root of a complete subtree of 2^`level` leaves. The position counts the subtrees of
 * this level, from 0.
 */
export type NodeReader = (level: number, position: number) => string;

/** Makes proofs about one tree. Each takes O(log n) nodes, and the proofs share what they read. */
export class TreeProver {
  readonly #size: number;
  readonly #read: NodeReader;
  /** Roots of ranges of leaves, by the first leaf and the one after the last. */
  readonly #roots = new Map<string, string>();

  constructor(size: number, read: NodeReader) {
    this.#size = size;
    this.#read = read;
  }

  /** Returns the root of the tree. */
  root(): string {
    return this.#size === 0 ? rootOf(emptyTree) : this.#rangeRoot(0, this.#size);
  }

  /**
   * Returns the tree's head, and the proofs that a member asks for. Past its end there are none.
   */
  answer({ sizes, entries }: ProofQuery): LedgerProofs {
    return {
      size: this.#size,
      head: this.root(),
      consistency: sizes.map((size) => size < this.#size ? this.consistency(size) : []),
      inclusion: entries.map((number) => number <= this.#size ? this.inclusion(number - 1) : []),
    };
  }

  /** Returns the proof that the tree has the leaf of this index, from the bottom up. */
  inclusion(index: number): string[] {
    const proof: string[] = [];
    let [from, to] = [0, this.#size];
    while (to - from > 1) {
      const middle = from + splitOf(to - from);
      if (index < middle) {
        proof.push(this.#rangeRoot(middle, to));
        to = middle;
      } else {
        proof.push(this.#rangeRoot(from, middle));
        from = middle;
      }
    }
    return proof.reverse();
  }

  /**
   * Returns the proof, from the bottom up, that the tree begins with that of its first `size`
   * leaves. It is empty for a size of 0, and for the tree's own.
   */
  consistency(size: number): string[] {
    const proof: string[] = [];
    let [from, to] = [0, this.#size];
    if (size === 0) return proof;
    while (size < to) {
      const middle = from + splitOf(to - from);
      if (size <= middle) {
        proof.push(this.#rangeRoot(middle, to));
        to = middle;
      } else {
        proof.push(this.#rangeRoot(from, middle));
        from = middle;
      }
    }
    // The verifier knows the root of the first leaves, and this is it.
    if (from > 0) proof.push(this.#rangeRoot(from, to));
    return proof.reverse();
  }

  #rangeRoot(from: number, to: number): string {
    const key = `${from} ${to}`;
    const root = this.#roots.get(key) ?? this.#makeRoot(from, to);
    this.#roots.set(key, root);
    return root;
  }

  #makeRoot(from: number, to: number): string {
    const length = to - from;
    if (subtreeCount(length) === 1) return this.#read(Math.log2(length), from / length);
    const middle = from + splitOf(length);
    return hashNode(this.#rangeRoot(from, middle), this.#rangeRoot(middle, to));
  }
}

/** A leaf with the proof that a tree has it. */
export interface IncludedLeaf {
  readonly leaf: string;
  readonly index: number;
  /** The number of leaves of the tree. */
  readonly size: number;
  readonly proof: readonly string[];
}

/** The root of a tree, and the head at a place in it: the root of the tree that ends there. */
export interface Roots {
  readonly head: string;
  readonly root: string;
}

/**
 * Computes two roots from a leaf and its proof: that of the tree, and that of the leaves up to this
 * one. The nodes left of the leaf are in both trees. So one proof shows that the leaf is at its
 * place, and that nothing before it was changed since.
 *
 * @returns the roots, or `undefined` when the proof has not the length of one for this index
 */
export function rootsOver({ leaf, index, size, proof }: IncludedLeaf): Roots | undefined {
  return index < size ? climb({ node: index, last: size - 1, first: leaf, proof }) : undefined;
}

/** A tree by its number of leaves and its root. */
export interface TreeHead {
  readonly size: number;
  readonly head: string;
}

/** Returns whether a proof shows that the later tree begins with the earlier one. */
export function isConsistent(
  earlier: TreeHead,
  later: TreeHead,
  proof: readonly string[],
): boolean {
  if (earlier.size === 0) return proof.length === 0 && earlier.head === rootOf(emptyTree);
  if (earlier.size >= later.size) {
    return proof.length === 0 && earlier.size === later.size && earlier.head === later.head;
  }
  const roots = rootsOfGrowth(earlier, { size: later.size, proof });
  return roots?.head === earlier.head && roots.root === later.head;
}

/**
 * Computes two roots from a consistency proof: that of the tree, and that of its first
 * `earlier.size` leaves.
 *
 * @returns the roots, or `undefined` when the proof has not the length of one for these sizes. When
 * `root` is the tree's, then `head` is what the tree has
 */
function rootsOfGrowth(
  earlier: TreeHead,
  { size, proof }: { readonly size: number; readonly proof: readonly string[] },
): Roots | undefined {
  if (earlier.size === 0 || earlier.size >= size || proof.length === 0) return undefined;
  const isWhole = subtreeCount(earlier.size) === 1;
  const [first = "", ...others] = isWhole ? [earlier.head, ...proof] : proof;
  let [node, last] = [earlier.size - 1, size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  return climb({ node, last, first, proof: others });
}

/**
 * Climbs from a node to the root. `node` and `last` are its position and the last one on its level.
 * What is left of the node is in both trees, the one that it ends and the whole one.
 *
 * @returns both roots, or `undefined` when the proof has another length
 */
function climb(
  { node, last, first, proof }: {
    node: number;
    last: number;
    readonly first: string;
    readonly proof: readonly string[];
  },
): Roots | undefined {
  let [head, root] = [first, first];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      head = hashNode(sibling, head);
      root = hashNode(sibling, root);
      while (node % 2 === 0 && node > 0) [node, last] = [half(node), half(last)];
    } else {
      root = hashNode(root, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? { head, root } : undefined;
}

/** Returns the number of leaves below a node's left child: the largest power of two below. */
function splitOf(leaves: number): number {
  let split = 1;
  while (split * 2 < leaves) split *= 2;
  return split;
}

function half(number: number): number {
  return Math.floor(number / 2);
}
