/**
 * Every rule of `docs/protocol.md` has a name and a test. The test's title begins with the name, or
 * `elsewhere.ts` names the test.
 */
import { assert, assertEquals } from "@std/assert";
import { titlesIn } from "../test_titles.ts";
import { rules, unnamedRows, unnamedRules } from "./document_rules.ts";
import { elsewhere } from "./elsewhere.ts";

const root = new URL("../../", import.meta.url);

Deno.test("protocol: what must be, is refused or closes a connection has the name of a rule", () => {
  assertEquals(unnamedRules(), []);
  assert(rules.size > 100);
});

Deno.test("protocol: every row of a table of checks, limits, failures and answers has the name of a rule", () => {
  assertEquals(unnamedRows(), []);
});

Deno.test("protocol: the rules of one kind are numbered from 1 without gaps", () => {
  const numbers = Map.groupBy(rules, (rule) => rule.replace(/ \d+$/, ""));
  for (const [kind, named] of numbers) {
    const found = named.map((rule) => Number(rule.slice(kind.length))).sort((a, b) => a - b);
    assertEquals(found, found.map((_, index) => index + 1), kind);
  }
});

Deno.test("protocol: every rule has a test, and every test of a rule has its rule", async () => {
  const tested = new Set([...Object.keys(elsewhere), ...await rulesOfThisFolder()]);
  assertEquals([...rules].filter((rule) => !tested.has(rule)), []);
  assertEquals([...tested].filter((rule) => !rules.has(rule)), []);
});

for (const [rule, tests] of Object.entries(elsewhere)) {
  Deno.test(`protocol: the tests of [${rule}] are where they are said to be`, async () => {
    assert(tests.length > 0);
    for (const { file, title } of tests) {
      const titles = titlesIn(await Deno.readTextFile(new URL(`tests/${file}`, root)));
      assert(titles.includes(title), `${file} has no test named: ${title}\n${titles.join("\n")}`);
    }
  });
}

/** The rules that titles of this folder begin with. */
async function rulesOfThisFolder(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(new URL("./", import.meta.url))) {
    if (!name.endsWith("_test.ts") || name === "rules_test.ts") continue;
    const source = await Deno.readTextFile(new URL(name, import.meta.url));
    const begun = source.matchAll(/["`]([a-z][a-z0-9 ]* \d+): /g);
    found.push(...[...begun].map(([, rule]) => rule!));
  }
  return found;
}
