/**
 * Checks that the files and tests that `docs/threat_model.md` names exist.
 */
import { assert, assertEquals } from "@std/assert";
import { titlesIn } from "./test_titles.ts";

const root = new URL("../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/threat_model.md", root));

interface Attack {
  readonly attack: string;
  readonly files: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** Each attack of the page: a line in bold, a line with files, then a line for each test. */
const attacks: readonly Attack[] = [
  ...page.matchAll(/^- \*\*(.*)\*\*\n {2}Code: (.*)\. Tests:\n((?: {2}- .*\n)+)/gm),
].map(([, attack, files, tests]) => ({
  attack: attack!,
  files: [...files!.matchAll(/`([^`]*)`/g)].map(([, file]) => file!),
  tests: tests!.trimEnd().split("\n").map((line) => {
    const [, file, title] = /^ {2}- `(tests\/[^`]*)`: (.*)$/.exec(line) ?? [];
    assert(file && title, `${attack}: ${line}`);
    return { file, title };
  }),
}));

Deno.test("threat model: every attack has code that stops it, and every test belongs to an attack", () => {
  assert(attacks.length > 40);
  for (const { attack, files } of attacks) assert(files.length > 0, attack);
  const named = page.split("\n").filter((line) => line.includes("- `tests/"));
  assertEquals(attacks.flatMap(({ tests }) => tests).length, named.length);
});

for (const { attack, files, tests } of attacks) {
  Deno.test(`threat model: its files and tests exist: ${attack}`, async () => {
    for (const file of files) assert((await Deno.stat(new URL(file, root))).isFile, file);
    for (const { file, title } of tests) {
      const titles = titlesIn(await Deno.readTextFile(new URL(file, root)));
      assert(titles.includes(title), `${file} has no test named: ${title}\n${titles.join("\n")}`);
    }
  });
}
