/**
 * DER as a tree that tests can change anywhere. Writing it corrects all lengths.
 */
import { type DerElement, readDer } from "../../src/pki/x509/der.ts";
import { bytes, type Der, tlv } from "./certificate_maker.ts";

/** An element: raw bytes, or a tag around content or other elements. */
export type Node =
  | { raw: Der }
  | { tag: number; content: Der }
  | { tag: number; children: Node[] };

/** @param der the values of extensions, which are DER inside an octet string, are opened too */
export function readTree(der: Der): Node {
  return treeOf(readDer(der), { isExtensionValue: false });
}

export function writeTree(node: Node): Der {
  if ("raw" in node) return node.raw;
  return tlv(node.tag, ...("content" in node ? [node.content] : node.children.map(writeTree)));
}

/** Returns the list of a node's children, to be changed. */
export function childrenOf(node: Node, ...path: number[]): Node[] {
  let found = node;
  for (const index of path) found = childrenOf(found).at(index)!;
  if (!("children" in found)) throw new Error("this element has no children");
  return found.children;
}

/** Returns an element with its tag and content, to be changed. */
export function leafOf(node: Node, ...path: number[]): { tag: number; content: Der } {
  const found = childrenOf(node, ...path.slice(0, -1)).at(path.at(-1)!)!;
  if (!("content" in found)) throw new Error("this element is no leaf");
  return found;
}

export const raw = (...values: number[]): Node => ({ raw: bytes(...values) });
export const text = (tag: number, value: string): Node => ({
  tag,
  // A copy, because the oldest Deno's types leave open which buffer an encoder uses.
  content: Uint8Array.from(new TextEncoder().encode(value)),
});

function treeOf(
  { tag, content, children }: DerElement,
  { isExtensionValue }: { isExtensionValue: boolean },
): Node {
  if (isExtensionValue) return { tag, children: [readTree(content.slice())] };
  const isExtension = tag === 0x30 && children[0]?.tag === 0x06 && children.at(-1)!.tag === 0x04;
  if ((tag & 0x20) === 0) return { tag, content: content.slice() };
  return {
    tag,
    children: children.map((child) =>
      treeOf(child, { isExtensionValue: isExtension && child.tag === 0x04 })
    ),
  };
}
