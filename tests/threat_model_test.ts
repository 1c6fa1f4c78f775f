/**
 * Checks that the files and tests that `docs/threat_model.md` names exist.
 */
import { assert, assertEquals } from "@std/assert";
import { titlesIn } from "./test_titles.ts";

const root = new URL("../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/threat_model.md", root));

interface Row {
  readonly attack: string;
  readonly files: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

/** Returns the rows of the tables of attacks. The second cell names files, the third one tests. */
const rows: readonly Row[] = page.split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1))
  .filter((cells) => cells.length === 3 && cells[2]!.startsWith("`tests/"))
  .map(([attack, files, tests]) => ({
    attack: attack!,
    files: [...files!.matchAll(/`([^`]*)`/g)].map(([, file]) => file!),
    tests: tests!.split("<br>").map((test) => {
      const [, file, title] = /^`(tests\/[^`]*)`: (.*)$/.exec(test.trim()) ?? [];
      assert(file && title, `${attack}: ${test}`);
      return { file, title };
    }),
  }));

Deno.test("threat model: every attack has a row with a defence", () => {
  assert(rows.length > 40);
  const named = page.split("\n").filter((line) => line.includes("| `tests/"));
  assertEquals(rows.length, named.length);
  for (const { attack, files } of rows) assert(files.length > 0, attack);
});

for (const { attack, files, tests } of rows) {
  Deno.test(`threat model: ${attack}: its files and tests exist`, async () => {
    for (const file of files) assert((await Deno.stat(new URL(file, root))).isFile, file);
    for (const { file, title } of tests) {
      const titles = titlesIn(await Deno.readTextFile(new URL(file, root)));
      assert(titles.includes(title), `${file} has no test named: ${title}\n${titles.join("\n")}`);
    }
  });
}
