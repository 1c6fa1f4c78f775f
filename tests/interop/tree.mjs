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

function checkVectors({ roots }) {
  const leaves = (size) => Array.from({ length: size }, (_, index) => leafHash(String(index)));
  for (const { size, root } of roots) {
    if (rootOf(leaves(size)).toString("hex") !== root) {
      throw new Error(`the root of ${size} leaves`);
    }
  }
  return roots.length;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    console.log(checkVectors(JSON.parse(readFileSync(process.argv[2], "utf8"))));
  } catch (error) {
    console.log(`wrong: ${error.message}`);
    process.exitCode = 1;
  }
}
