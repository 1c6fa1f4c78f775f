/**
 * The tables of errors in `docs/operating.md` explain messages that the program really prints.
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/operating.md", root));
const source = await textOf("src");

Deno.test("every message that the handbook explains is one of the program's", () => {
  const section = page.slice(page.indexOf("\n## What each error means"));
  const rows = section.split("\n").filter((line) => /^\| `/.test(line));
  assert(rows.length > 30);
  const messages = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)]);
  const parts = messages.flatMap(([, message]) => message!.split(/…|[:;,] |\d+/))
    // What is left of a path or a number is too short to tell one message from another.
    .map((part) => part.trim()).filter((part) => part.length > 8);
  assertEquals(parts.filter((part) => !source.includes(part)), []);
});

/** The source files of a folder, with strings that are cut over several lines put together. */
async function textOf(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}/${entry.name}`;
    texts.push(
      entry.isDirectory ? await textOf(path) : await Deno.readTextFile(new URL(path, root)),
    );
  }
  return texts.join("\n").replace(/["`] \+\s*["`]/g, "");
}
