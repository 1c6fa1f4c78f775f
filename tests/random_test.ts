/**
 * Nonces and order ids.
 */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { decodeBase64UrlStrict } from "../src/base64.ts";
import type { Clock } from "../src/clock.ts";
import {
  isOrderId,
  makeNonce,
  makeOrderId,
  nonceBytes,
  type Random,
  systemRandom,
} from "../src/random.ts";

Deno.test("a nonce is 16 bytes in 22 characters of base64url", () => {
  const nonce = makeNonce(systemRandom);
  assertEquals(nonce.length, 22);
  assertEquals(decodeBase64UrlStrict(nonce)?.length, nonceBytes);
});

Deno.test("two nonces differ", () => {
  assertNotEquals(makeNonce(systemRandom), makeNonce(systemRandom));
});

Deno.test("the machine's generator returns the requested number of bytes", () => {
  for (const length of [0, 1, 16, 65_536]) assertEquals(systemRandom.bytes(length).length, length);
});

Deno.test("the time and bits of RFC 9562 appendix A.6 give the RFC's example", () => {
  // The RFC's random bits: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F. The time replaces the first six
  // bytes.
  const bytes = [0, 0, 0, 0, 0, 0, 0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
  const id = makeOrderId(clockAt(0x017f22e279b0), { bytes: () => new Uint8Array(bytes) });
  assertEquals(id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

Deno.test("ids made later sort later", () => {
  const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  fc.assert(fc.property(timeMs, timeMs, (first, second) => {
    fc.pre(first < second);
    const ids = [first, second].map((at) => makeOrderId(clockAt(at), systemRandom));
    assertEquals(ids.toSorted(), ids);
  }));
});

Deno.test("every made id is an order id, for any time and bits", () => {
  const bits = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), bits, (at, bytes) => {
    const random: Random = { bytes: () => new Uint8Array(bytes) };
    assertEquals(isOrderId(makeOrderId(clockAt(at), random)), true);
  }));
});

Deno.test("all random bits except version and variant are used", () => {
  const [none, all] = [0x00, 0xff].map((byte) =>
    makeOrderId(clockAt(0), { bytes: (length) => new Uint8Array(length).fill(byte) })
  );
  assertEquals(none, "00000000-0000-7000-8000-000000000000");
  assertEquals(all, "00000000-0000-7fff-bfff-ffffffffffff");
});

const cases: readonly { readonly title: string; readonly value: unknown; readonly id: boolean }[] =
  [
    { title: "a UUID of version 7", value: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", id: true },
    { title: "a UUID of version 8", value: "017f22e2-79b0-8cc3-98c4-dc0c0c07398f", id: true },
    { title: "the same in capitals", value: "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", id: false },
    { title: "a UUID of version 4", value: "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", id: false },
    { title: "another variant", value: "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", id: false },
    { title: "without hyphens", value: "017f22e279b07cc398c4dc0c0c07398f", id: false },
    { title: "in braces", value: "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", id: false },
    { title: "with a line feed", value: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n", id: false },
    { title: "nothing", value: "", id: false },
    { title: "no text", value: ["017f22e2-79b0-7cc3-98c4-dc0c0c07398f"], id: false },
  ];

for (const { title, value, id } of cases) {
  Deno.test(`${title}: ${id ? "an order id" : "not an order id"}`, () =>
    assertEquals(isOrderId(value), id));
}

Deno.test("an id of the machine's clock and generator is an order id", () => {
  assertMatch(makeOrderId(clockAt(1_795_420_800_000), systemRandom), /^01a2/);
});

function clockAt(ms: number): Clock {
  return { nowMs: () => ms, monotonicMs: () => 0, schedule: () => () => {} };
}
