/**
 * Runs a few rounds of `deno task fuzz` with a new seed. A failure shows the seed that reproduces
 * it.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseArgs } from "./fuzz_arguments.ts";
import { freshSeed, fuzz, type FuzzTarget } from "./fuzz_rounds.ts";
import { targets } from "./targets.ts";

for (const { name, testRounds, open } of targets) {
  Deno.test(`fuzz: ${testRounds} rounds of ${name} find no fault, and honest input is accepted`, async () => {
    await using target = await open();
    const report = await fuzz(target, { rounds: testRounds, seed: freshSeed() });
    assertEquals(report.found, undefined, `${name}: ${report.found}`);
    assertEquals(report.rounds, testRounds);
  });
}

/** Does what it must not for every number over 900. */
const broken: FuzzTarget<number> = {
  inputs: fc.nat({ max: 1000 }),
  honest: 0,
  round: (number) =>
    number > 900
      ? Promise.reject(new Error(`${number} is too much`))
      : Promise.resolve(number === 0 ? "accepted" : "refused"),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

Deno.test("fuzz: what is found is made small, and its seed and path find it again", async () => {
  const first = await fuzz(broken, { rounds: 1000, seed: 7 });
  assert(first.found?.includes("901 is too much"), first.found);
  const path = /path: "([\d:]+)"/.exec(first.found!)![1]!;
  const again = await fuzz(broken, { rounds: 1000, seed: 7, path });
  assert(again.found?.includes("901 is too much"), again.found);
  assertEquals(again.rounds, 1);
});

Deno.test("fuzz: a target that refuses what is honest is itself what is found", async () => {
  const report = await fuzz({ ...broken, inputs: fc.constant(1), honest: 1 }, {
    rounds: 3,
    seed: 7,
  });
  assertEquals(report.found, "what is honest ends in: refused");
});

const refusedArguments = [
  ["--rounds", "0"],
  ["--rounds", "1.5"],
  ["--rounds"],
  ["--target", "elsewhere"],
  ["--seed", "x"],
  ["--path", "1:2"],
  ["--cases", "1"],
];

for (const words of refusedArguments) {
  Deno.test(`fuzz: ${words.join(" ")} is refused by name`, () => {
    const refusal = parseArgs(words, ["here"]);
    assert(typeof refusal === "string" && refusal.startsWith(words[0]!), String(refusal));
  });
}

Deno.test("fuzz: rounds, target, seed and path are taken as they are", () => {
  const words = ["--rounds", "5", "--target", "here", "--seed", "-3", "--path", "1:2"];
  const expected = { rounds: 5, target: "here", seed: -3, path: "1:2" };
  assertEquals(parseArgs(words, ["here"]), expected);
});
