import { assert, assertEquals } from "@std/assert";

const root = new URL("../../../../", import.meta.url);
const screen = "src/cli/client/screen/open_screen.tsx";

/** The menu loads it on a terminal alone. */
const editor = "src/cli/client/menu/line_editor.ts";

Deno.test("only the full-screen client loads ink, so that every other command starts fast", () => {
  const packages = new Set<string>();
  const files = new Set(["main.ts"]);
  // A set's iteration includes elements that are added during it.
  for (const path of files) {
    if (path === screen || path === editor) continue;
    const text = Deno.readTextFileSync(new URL(path, root));
    for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\n]+)"/g)) {
      if (specifier!.startsWith(".")) {
        const { pathname } = new URL(specifier!, `file:///${path}`);
        if (/\.tsx?$/.test(pathname)) files.add(pathname.slice(1));
      } else packages.add(specifier!);
    }
  }
  for (const name of ["ink", "react", "chalk", "string-width"]) assert(!packages.has(name), name);
  assert(packages.has("uqr"));
  assertEquals([...files].filter((path) => path.endsWith(".tsx") && path !== screen), []);
});
