/** Proofs about the Merkle tree: every true one is accepted, and no other. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { hashLeaf } from "../../src/ledger/merkle_tree.ts";
import {
  type IncludedLeaf,
  isConsistent,
  rootsOver,
  type TreeHead,
  TreeProver,
} from "../../src/ledger/tree_proofs.ts";
import { readVectors, type TreeFile } from "../vectors/vector_files.ts";
import { plainRoot } from "./plain_tree.ts";

const vectors = await readVectors<TreeFile>("tree");
const leaves = Array.from({ length: 1024 }, (_, index) => hashLeaf(String(index)));

function proverOf(size: number): TreeProver {
  return new TreeProver(size, (level, position) => {
    const [from, to] = [position * 2 ** level, (position + 1) * 2 ** level];
    assert(to <= size, "a prover reads complete subtrees of its tree");
    return plainRoot(leaves.slice(from, to));
  });
}

function treeHead(size: number): TreeHead {
  return { size, head: plainRoot(leaves.slice(0, size)) };
}

/** Returns the text with one bit flipped. */
function withFlippedBit(hash: string, bit: number): string {
  const place = Math.floor(bit / 4);
  const digit = Number.parseInt(hash[place]!, 16) ^ (1 << (bit % 4));
  return hash.slice(0, place) + digit.toString(16) + hash.slice(place + 1);
}

function isProven(included: IncludedLeaf, { size, head }: TreeHead): boolean {
  const roots = rootsOver(included);
  return included.size === size && roots?.root === head;
}

const twoSizes = fc.integer({ min: 1, max: 300 }).chain((later) =>
  fc.tuple(fc.integer({ min: 0, max: later }), fc.constant(later))
);

Deno.test("the prover makes the proofs of the vectors", () => {
  for (const { index, size, proof } of vectors.inclusion) {
    assertEquals(proverOf(size).inclusion(index), proof);
  }
  for (const { from, to, proof } of vectors.consistency) {
    assertEquals(proverOf(to).consistency(from), proof);
  }
});

Deno.test("for any leaf and any later size, inclusion holds, and gives the head after the leaf", () => {
  fc.assert(
    fc.property(twoSizes, ([index, size]) => {
      if (index === size) return;
      const prover = proverOf(size);
      const included = { leaf: leaves[index]!, index, size, proof: prover.inclusion(index) };
      const { head } = treeHead(size);
      assertEquals(rootsOver(included), { head: treeHead(index + 1).head, root: head });
      assertEquals(prover.root(), head);
    }),
  );
});

Deno.test("for any two sizes, consistency holds", () => {
  fc.assert(fc.property(twoSizes, ([from, to]) => {
    const proof = proverOf(to).consistency(from);
    assert(isConsistent(treeHead(from), treeHead(to), proof));
  }));
});

Deno.test("any bit changed in leaf, proof or root, and any other index or size, breaks inclusion", () => {
  fc.assert(
    fc.property(twoSizes, fc.nat(255), fc.nat(99), ([index, size], bit, place) => {
      if (index === size) return;
      const proof = proverOf(size).inclusion(index);
      const included = { leaf: leaves[index]!, index, size, proof };
      const later = treeHead(size);
      assert(!isProven({ ...included, leaf: withFlippedBit(included.leaf, bit) }, later));
      assert(!isProven(included, { size, head: withFlippedBit(later.head, bit) }));
      assert(!isProven({ ...included, proof: [...proof, later.head] }, later));
      for (const other of [index + 1, index - 1, size]) {
        if (other >= 0) assert(!isProven({ ...included, index: other }, later));
      }
      if (proof.length === 0) return;
      const at = place % proof.length;
      const flipped = proof.with(at, withFlippedBit(proof[at]!, bit));
      const roots = rootsOver({ ...included, proof: flipped });
      assert(roots?.root !== later.head);
      assert(!isProven({ ...included, proof: proof.slice(1) }, later));
      const doubled = { size: 2 * size, head: later.head };
      assert(!isProven({ ...included, size: 2 * size }, doubled));
    }),
  );
});

Deno.test("any bit changed in proof or root, and any other size, breaks consistency", () => {
  fc.assert(
    fc.property(twoSizes, fc.nat(255), fc.nat(99), ([from, to], bit, place) => {
      const [earlier, later] = [treeHead(from), treeHead(to)];
      const proof = proverOf(to).consistency(from);
      const flipped = ({ size, head }: TreeHead) => ({ size, head: withFlippedBit(head, bit) });
      assert(!isConsistent(flipped(earlier), later, proof));
      if (from > 0) assert(!isConsistent(earlier, flipped(later), proof));
      assert(!isConsistent(earlier, later, [...proof, later.head]));
      if (from !== to) assert(!isConsistent(later, earlier, proof));
      if (proof.length === 0) return;
      const at = place % proof.length;
      assert(!isConsistent(earlier, later, proof.with(at, withFlippedBit(proof[at]!, bit))));
      assert(!isConsistent(earlier, later, proof.slice(1)));
      assert(!isConsistent(earlier, later, proof.slice(0, -1)));
      assert(!isConsistent({ ...earlier, size: from + 1 }, later, proof));
      assert(!isConsistent({ ...earlier, size: from - 1 }, later, proof));
    }),
  );
});
