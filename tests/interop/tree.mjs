/**
 * The Merkle tree of docs/protocol.md in plain Node, written from that page and RFC 9162 alone.
 *
 *     node tree.mjs VECTORS.json
 *
 * Checks the golden vectors, says what is wrong and exits with 1.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const sha256 = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** Hashes are buffers of 32 bytes. */
export const leafHash = (text) => sha256(Buffer.of(0), text);
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/** The root of a list of leaf hashes. */
export function rootOf(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return nodeHash(rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

/**
 * Two roots over a leaf by its index: of the tree that it ends, and of the whole tree of `size`
 * leaves. Both are undefined when the proof has another length than such a one.
 */
export function rootsOver({ leaf, index, size, proof }) {
  return fold({ node: index, last: size - 1, first: leaf, proof });
}

/** Whether a proof shows that the tree of `to` leaves begins with the one of `from`. */
export function isConsistent({ from, head }, { to, root }, proof) {
  if (from === 0 || from === to) return proof.length === 0 && (from === 0 || head.equals(root));
  if (from > to || proof.length === 0) return false;
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  const [first, ...others] = Number.isInteger(Math.log2(from)) ? [head, ...proof] : proof;
  const roots = fold({ node, last, first, proof: others });
  return roots.head?.equals(head) === true && roots.root.equals(root);
}

const half = (number) => Math.floor(number / 2);

/** Climbs from a node to the root. What is left of the node is in both trees. */
function fold({ node, last, first, proof }) {
  let [head, root] = [first, first];
  if (node > last) return {};
  for (const sibling of proof) {
    if (last === 0) return {};
    if (node % 2 === 1 || node === last) {
      [head, root] = [nodeHash(sibling, head), nodeHash(sibling, root)];
      while (node % 2 === 0 && node > 0) [node, last] = [half(node), half(last)];
    } else {
      root = nodeHash(root, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? { head, root } : {};
}

function checkVectors({ roots, inclusion, consistency }) {
  const leaves = Array.from({ length: 1024 }, (_, index) => leafHash(String(index)));
  const rootAt = (size) => rootOf(leaves.slice(0, size));
  const bytes = (proof) => proof.map((hash) => Buffer.from(hash, "hex"));
  for (const { size, root } of roots) {
    demand(rootAt(size).toString("hex") === root, `the root of ${size} leaves`);
  }
  for (const { index, size, proof } of inclusion) {
    const found = rootsOver({ leaf: leaves[index], index, size, proof: bytes(proof) });
    const isGood = found.root?.equals(rootAt(size)) && found.head.equals(rootAt(index + 1));
    demand(isGood, `the leaf ${index} of ${size}`);
  }
  for (const { from, to, proof } of consistency) {
    const [earlier, later] = [{ from, head: rootAt(from) }, { to, root: rootAt(to) }];
    demand(isConsistent(earlier, later, bytes(proof)), `the growth from ${from} to ${to}`);
  }
  return `${roots.length} ${inclusion.length} ${consistency.length}`;
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    console.log(checkVectors(JSON.parse(readFileSync(process.argv[2], "utf8"))));
  } catch (error) {
    console.log(`wrong: ${error.message}`);
    process.exitCode = 1;
  }
}
