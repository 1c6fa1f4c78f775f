/**
 * Small damage to bytes, described so that a report can show what is done and where. A position is
 * taken modulo the length, so that one description fits any input.
 */
import fc from "fast-check";

export type ByteMutation =
  | { readonly what: "flip"; readonly at: number; readonly bit: number }
  | { readonly what: "set"; readonly at: number; readonly byte: number }
  | { readonly what: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly what: "remove"; readonly at: number; readonly count: number }
  | { readonly what: "repeat"; readonly at: number; readonly count: number; readonly to: number }
  | { readonly what: "cut"; readonly at: number };

const place = fc.nat({ max: 0xffff });
const count = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }) },
  fc.integer({ min: 1, max: 400 }),
);
/** Those that mean something to somebody, and any. */
const byte = fc.oneof(
  fc.constantFrom(0x00, 0x0a, 0x0d, 0x20, 0x22, 0x2b, 0x2e, 0x3d, 0x5c, 0x7f, 0x80, 0xc3, 0xff),
  fc.nat({ max: 0xff }),
);

export const byteMutation: fc.Arbitrary<ByteMutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("flip" as const),
      at: place,
      bit: fc.nat({ max: 7 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("set" as const), at: place, byte }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("insert" as const),
      at: place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("remove" as const), at: place, count }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("repeat" as const), at: place, count, to: place }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("cut" as const), at: place }) },
);

export const byteMutations: fc.Arbitrary<ByteMutation[]> = fc.array(byteMutation, {
  minLength: 1,
  maxLength: 3,
});

/** @returns a copy with all of it done, one after the other */
export function mutated(
  bytes: Uint8Array,
  mutations: readonly ByteMutation[],
): Uint8Array<ArrayBuffer> {
  return mutations.reduce(mutatedOnce, Uint8Array.from(bytes));
}

function mutatedOnce(
  bytes: Uint8Array<ArrayBuffer>,
  mutation: ByteMutation,
): Uint8Array<ArrayBuffer> {
  // One past the end as well: there something can be added.
  const at = mutation.at % (bytes.length + 1);
  switch (mutation.what) {
    case "flip":
      return replaced(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << mutation.bit)));
    case "set":
      return replaced(bytes, at, 1, Uint8Array.of(mutation.byte));
    case "insert":
      return replaced(bytes, at, 0, mutation.bytes);
    case "remove":
      return replaced(bytes, at, mutation.count, new Uint8Array());
    case "repeat": {
      const again = bytes.slice(at, at + mutation.count);
      return replaced(bytes, mutation.to % (bytes.length + 1), 0, again);
    }
    case "cut":
      return bytes.slice(0, at);
  }
}

/** `bytes` with `count` of them from `at` on exchanged for `others`. */
export function replaced(
  bytes: Uint8Array,
  at: number,
  count: number,
  others: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(Math.min(at + count, bytes.length));
  const result = new Uint8Array(at + others.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(others, at);
  result.set(rest, at + others.length);
  return result;
}
