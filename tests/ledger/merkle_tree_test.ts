/** The Merkle tree equals its definition, whatever its size. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  appendLeaf,
  type CompactRange,
  emptyTree,
  hashLeaf,
  rootOf,
  subtreeCount,
} from "../../src/ledger/merkle_tree.ts";
import { readVectors, type TreeFile } from "../vectors/vector_files.ts";
import { plainRoot } from "./plain_tree.ts";

const { roots } = await readVectors<TreeFile>("tree");

/** The leaves of the vectors. */
function leavesUpTo(size: number): string[] {
  return Array.from({ length: size }, (_, index) => hashLeaf(String(index)));
}

function treeOf(leaves: readonly string[]): CompactRange {
  return leaves.reduce((tree, leaf) => appendLeaf(tree, leaf).tree, emptyTree);
}

Deno.test("the tree has the roots of the vectors", () => {
  for (const { size, root } of roots) assertEquals(rootOf(treeOf(leavesUpTo(size))), root);
});

Deno.test("the hash of a leaf is that of a byte 0 and its text in UTF-8", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const bytes = new TextEncoder().encode(text);
    const expected = createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex");
    assertEquals(hashLeaf(text), expected);
  }));
});

Deno.test("a tree that grew leaf by leaf has the root of its definition", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (size) => {
      const tree = treeOf(leavesUpTo(size));
      assertEquals(rootOf(tree), plainRoot(leavesUpTo(size)));
      assertEquals([tree.size, tree.subtrees.length], [size, subtreeCount(size)]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("each leaf completes exactly the subtrees that end with it", () => {
  let tree = emptyTree;
  const leaves = leavesUpTo(129);
  for (const [index, leaf] of leaves.entries()) {
    const grown = appendLeaf(tree, leaf);
    const expected = [];
    for (let length = 1; (index + 1) % length === 0; length *= 2) {
      expected.push(plainRoot(leaves.slice(index + 1 - length, index + 1)));
    }
    assertEquals(grown.completed, expected);
    tree = grown.tree;
  }
});

const largeSizes = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 33 - 1, 2 ** 53 - 2];

for (const size of largeSizes) {
  Deno.test(`the next leaf of a tree of ${size} leaves completes the subtrees of its index`, () => {
    const bits = size.toString(2);
    const subtrees = leavesUpTo(bits.replaceAll("0", "").length);
    assertEquals(subtreeCount(size), subtrees.length);
    const leaf = hashLeaf("next");
    const { tree, completed } = appendLeaf({ size, subtrees }, leaf);
    const joined = /1*$/.exec(bits)![0].length;
    const kept = subtrees.slice(0, subtrees.length - joined);
    assertEquals(completed.length, 1 + joined);
    assertEquals(tree, { size: size + 1, subtrees: [...kept, completed.at(-1)!] });
    assertEquals(rootOf(tree), rootOf({ size: size + 1, subtrees: [...subtrees, leaf] }));
  });
}

Deno.test("a change of any bit of any leaf, a swap and a cut change the root", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 70 }).chain((size) =>
        fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(255))
      ),
      ([size, index, bit]) => {
        const leaves = leavesUpTo(size);
        const root = rootOf(treeOf(leaves));
        const flipped = Number.parseInt(leaves[index]![bit >> 2]!, 16) ^ (1 << (bit & 3));
        const digits = [...leaves[index]!];
        digits[bit >> 2] = flipped.toString(16);
        assertNotEquals(rootOf(treeOf(leaves.with(index, digits.join("")))), root);
        const other = (index + 1) % size;
        const swapped = leaves.with(index, leaves[other]!).with(other, leaves[index]!);
        assertNotEquals(rootOf(treeOf(swapped)), root);
        assertNotEquals(rootOf(treeOf(leaves.toSpliced(index, 1))), root);
      },
    ),
  );
});
