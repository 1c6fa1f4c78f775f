/**
 * Values in the protocol's own shapes. They come from the declarations that server and client use,
 * so every new request type is fuzzed at once.
 */
import fc from "fast-check";
import type * as v from "valibot";
import {
  accountNameShape,
  amountShape,
  base64UrlShape,
  compactJwsShape,
  digestShape,
  hostShape,
  instantShape,
  memoShape,
  orderIdShape,
} from "../../src/protocol/shapes.ts";

/** A schema as the library has it at run time. */
interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly wrapped?: Schema;
  readonly item?: Schema;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

const names = fc.constantFrom("alice", "bob", "dave", "nobody", "constructor");
const jws = fc.constantFrom("e30.e30.AA", "a.b.c", `${"a".repeat(4000)}.b.c`);
const known = new Map<unknown, fc.Arbitrary<unknown>>([
  [accountNameShape, names],
  [amountShape, fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(Number.MAX_SAFE_INTEGER))],
  [memoShape, fc.constantFrom("lunch", "𝄞", "'; DROP TABLE entry; --")],
  [orderIdShape, fc.constantFrom("019ab0a1-2c00-7000-8000-000000000001")],
  [hostShape, fc.constantFrom("localhost", "192.0.2.7", "2001:db8::1")],
  [digestShape, fc.constant("ab".repeat(32))],
  [instantShape, fc.constant("2026-11-23T12:00:00.000Z")],
  [compactJwsShape, jws],
  [base64UrlShape, fc.constant("AAAA")],
]);
const numbers = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(65_535, Number.MAX_SAFE_INTEGER),
);

export function valuesOf(shape: v.GenericSchema | Schema): fc.Arbitrary<unknown> {
  const schema = shape as Schema;
  const ready = known.get(shape);
  if (ready) return ready;
  switch (schema.type) {
    case "strict_object": {
      const entries = Object.entries(schema.entries!);
      const requiredKeys = entries.filter(([, { type }]) => type !== "optional").map(([key]) =>
        key
      );
      const model = Object.fromEntries(entries.map(([key, one]) => [key, valuesOf(one)]));
      return fc.record(model, { requiredKeys });
    }
    case "optional":
      return valuesOf(schema.wrapped!);
    case "array":
      return fc.array(valuesOf(schema.item!), { maxLength: 3 });
    case "union":
      return fc.oneof(...schema.options!.map((one) => valuesOf(one as Schema)));
    case "picklist":
      return fc.constantFrom(...schema.options!);
    case "literal":
      return fc.constant(schema.literal);
    case "boolean":
      return fc.boolean();
    case "number":
      return numbers;
    case "string":
      return fc.string({ maxLength: 20 });
    default:
      throw new Error(`make values of a ${schema.type}: unknown`);
  }
}
