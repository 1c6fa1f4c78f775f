/**
 * Which typed texts and which decoded values are amounts.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { amountMax, amountMin, amountRule, isAmount, parseAmount } from "../src/money.ts";

const typed: readonly { readonly text: string; readonly amount: number | undefined }[] = [
  { text: "1", amount: 1 },
  { text: "2000", amount: 2000 },
  { text: "9007199254740991", amount: 9007199254740991 },
  { text: "9007199254740992", amount: undefined },
  { text: "9999999999999999", amount: undefined },
  { text: "10000000000000000", amount: undefined },
  { text: "0", amount: undefined },
  { text: "00", amount: undefined },
  { text: "01", amount: undefined },
  { text: "-1", amount: undefined },
  { text: "+1", amount: undefined },
  { text: "1.5", amount: undefined },
  { text: "1.0", amount: undefined },
  { text: "1e3", amount: undefined },
  { text: "0x10", amount: undefined },
  { text: "1,000", amount: undefined },
  { text: "1_000", amount: undefined },
  { text: " 1", amount: undefined },
  { text: "1\n", amount: undefined },
  { text: "", amount: undefined },
  { text: "abc", amount: undefined },
  { text: "Infinity", amount: undefined },
  { text: "NaN", amount: undefined },
  { text: "\u0661", amount: undefined },
  { text: "\uff11", amount: undefined },
];

for (const { text, amount } of typed) {
  const outcome = amount === undefined ? "no amount" : "an amount";
  Deno.test(`${JSON.stringify(text)} is ${outcome}`, () => {
    assertEquals(parseAmount(text) as number | undefined, amount);
  });
}

const decoded: readonly { readonly value: unknown; readonly amount: boolean }[] = [
  { value: amountMin, amount: true },
  { value: amountMax, amount: true },
  { value: amountMax + 1, amount: false },
  { value: 0, amount: false },
  { value: -0, amount: false },
  { value: -1, amount: false },
  { value: 1.5, amount: false },
  { value: NaN, amount: false },
  { value: Infinity, amount: false },
  { value: "1", amount: false },
  { value: 1n, amount: false },
  { value: [1], amount: false },
  { value: { valueOf: () => 1 }, amount: false },
  { value: null, amount: false },
  { value: undefined, amount: false },
];

for (const { value, amount } of decoded) {
  Deno.test(`the value ${Deno.inspect(value)} is ${amount ? "an amount" : "not an amount"}`, () => {
    assertEquals(isAmount(value), amount);
  });
}

Deno.test("every amount is read back from its digits", () => {
  fc.assert(fc.property(fc.integer({ min: amountMin, max: amountMax }), (amount) => {
    assertEquals(parseAmount(String(amount)) as number | undefined, amount);
  }));
});

Deno.test("each amount has only one text", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.-+e ") }), (text) => {
    const amount = parseAmount(text);
    if (amount !== undefined) assertEquals(String(amount), text);
  }));
});

Deno.test("the rule names both ends", () => {
  assertStringIncludes(amountRule, "from 1 to 9007199254740991");
});
