/**
 * Damage to DER that keeps its frame. Elements are changed, removed, doubled or swapped, or get
 * another tag or a longer length encoding. The lengths around them are computed again.
 */
import fc from "fast-check";
import { type Der, tlv } from "../pki/certificate_maker.ts";
import { type DerElement, readDer } from "../../src/pki/x509/der.ts";
import { type ByteMutation, byteMutation, mutated } from "./byte_mutations.ts";

export type DerMutation =
  /** The bytes as they stand, the frame included. */
  | { readonly of: "bytes"; readonly mutation: ByteMutation }
  | { readonly of: "content"; readonly element: number; readonly mutation: ByteMutation }
  | { readonly of: "tag"; readonly element: number; readonly tag: number }
  | { readonly of: "length"; readonly element: number; readonly how: "padded" | "indefinite" }
  | { readonly of: "frame"; readonly element: number; readonly how: "drop" | "double" | "wrap" }
  /** One element in the place of another. */
  | { readonly of: "splice"; readonly element: number; readonly from: number };

const element = fc.nat({ max: 199 });
const tags = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31];
const tag = fc.oneof(
  fc.constantFrom(...tags, 0x24, 0x80, 0x82, 0x86, 0x87, 0xa0, 0xa3, 0xa4),
  fc.nat({ max: 0xff }),
);

export const derMutation: fc.Arbitrary<DerMutation> = fc.oneof(
  fc.record({ of: fc.constant("bytes" as const), mutation: byteMutation }),
  {
    weight: 3,
    arbitrary: fc.record({
      of: fc.constant("content" as const),
      element,
      mutation: byteMutation,
    }),
  },
  fc.record({ of: fc.constant("tag" as const), element, tag }),
  fc.record({
    of: fc.constant("length" as const),
    element,
    how: fc.constantFrom("padded" as const, "indefinite" as const),
  }),
  fc.record({
    of: fc.constant("frame" as const),
    element,
    how: fc.constantFrom("drop" as const, "double" as const, "wrap" as const),
  }),
  fc.record({ of: fc.constant("splice" as const), element, from: element }),
);

/** @param der what is no DER any more is only changed byte by byte */
export function mutatedDer(der: Der, mutation: DerMutation): Der {
  if (mutation.of === "bytes") return mutated(der, [mutation.mutation]);
  const root = rootOf(der);
  if (!root) return der;
  const elements = flattened(root);
  const chosen = elements[mutation.element % elements.length]!;
  return rebuilt(root, chosen, replacement(chosen, mutation, elements));
}

function replacement(
  { tag, content, bytes }: DerElement,
  mutation: Exclude<DerMutation, { of: "bytes" }>,
  elements: readonly DerElement[],
): Der {
  switch (mutation.of) {
    case "content":
      return tlv(tag, mutated(content, [mutation.mutation]));
    case "tag":
      return tlv(mutation.tag, content);
    case "length":
      return mutation.how === "indefinite"
        ? Uint8Array.of(tag, 0x80, ...content, 0, 0)
        : Uint8Array.of(tag, 0x82, content.length >> 8, content.length & 0xff, ...content);
    case "frame":
      if (mutation.how === "drop") return new Uint8Array();
      return mutation.how === "double" ? Uint8Array.of(...bytes, ...bytes) : tlv(0x30, bytes);
    case "splice":
      return elements[mutation.from % elements.length]!.bytes;
  }
}

function rootOf(der: Der): DerElement | undefined {
  try {
    return readDer(der);
  } catch {
    return undefined;
  }
}

/** All elements, those inside of octet strings that are DER themselves left as they are. */
function flattened(element: DerElement): DerElement[] {
  return [element, ...element.children.flatMap(flattened)];
}

function rebuilt(element: DerElement, chosen: DerElement, other: Der): Der {
  if (element === chosen) return other;
  if (element.children.length === 0) return element.bytes;
  return tlv(element.tag, ...element.children.map((child) => rebuilt(child, chosen, other)));
}
