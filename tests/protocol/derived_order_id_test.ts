/**
 * Order ids that an account derives, and which account derived an id.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { derivedOrderId, isDerivedByAnother } from "../../src/protocol/derived_order_id.ts";
import { isOrderId, makeOrderId, systemRandom } from "../../src/random.ts";
import { systemClock } from "../../src/clock.ts";
import { type OrderIdsFile, readVectors } from "../vectors/vector_files.ts";

const { derived } = await readVectors<OrderIdsFile>("order_ids");
const account = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/);
const source = fc.record({
  account,
  purpose: fc.constantFrom("micropay batch line", "another purpose"),
  content: fc.oneof(fc.string(), fc.uint8Array()),
});

Deno.test("the derived id of a vector is made again", () => {
  for (const { id, ...from } of derived) assertEquals(derivedOrderId(from), id);
});

Deno.test("a derived id is an order id of version 8, and always the same", () => {
  fc.assert(fc.property(source, (from) => {
    const id = derivedOrderId(from);
    assert(isOrderId(id));
    assertEquals(id[14], "8");
    assertEquals(derivedOrderId(from), id);
  }));
});

Deno.test("ids of two purposes, contents or accounts differ", () => {
  fc.assert(fc.property(source, source, (one, other) => {
    fc.pre(JSON.stringify(one) !== JSON.stringify(other));
    // Text and its bytes are the same content.
    fc.pre(typeof one.content === typeof other.content);
    assertNotEquals(derivedOrderId(one), derivedOrderId(other));
  }));
});

Deno.test("an id is taken for derived by another account exactly when its first 48 bits are another's", () => {
  fc.assert(fc.property(source, account, (from, other) => {
    const id = derivedOrderId(from);
    assert(!isDerivedByAnother(id, from.account));
    assertEquals(isDerivedByAnother(id, other), other !== from.account);
  }));
});

Deno.test("a random id belongs to no account", () => {
  assert(!isDerivedByAnother(makeOrderId(systemClock, systemRandom), "alice"));
});
