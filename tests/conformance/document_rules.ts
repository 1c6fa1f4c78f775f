/**
 * The rules of `docs/protocol.md`. A rule is a name in brackets at the end of a sentence or in a
 * row, such as `line 2`.
 */
const page = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));

/** What a sentence that states a rule says. */
const ruleWords = /\b(?:must|refuse[sd]?|closes|closed(?! account))\b/;

const bracketed = /\[([a-z][a-z0-9 ]* \d+)\]/g;

/** Names of rules, each once. */
export const rules: ReadonlySet<string> = new Set(
  [...page.matchAll(bracketed)].map(([, rule]) => rule!),
);

/** Paragraphs, points of lists and rows of tables that state a rule and give it no name. */
export function unnamedRules(): string[] {
  return blocks().filter((block) => ruleWords.test(block) && block.match(bracketed) === null);
}

/** Rows of tables with a column for rules that neither name one nor say where theirs are. */
export function unnamedRows(): string[] {
  const tables = page.matchAll(/^\|.*\| rule +\|\n\|[-| ]*\n((?:\|.*\n)*)/gm);
  return [...tables].flatMap(([, rows]) => rows!.trim().split("\n"))
    .filter((row) => row.match(bracketed) === null && !row.includes("](#"));
}

function blocks(): string[] {
  return page
    .replace(/^```[^`]*^```$/gm, "")
    // A table of its own test: `tests/protocol/code_test.ts` compares it with the program's codes.
    .replace(/^## Codes\n[^]*?(?=^## )/m, "")
    .split(/\n\n|\n(?=[-|] ?|\d+\. )/)
    .filter((block) => !block.startsWith("#") && !block.startsWith("- [") /* the contents */);
}
