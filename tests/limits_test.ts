/**
 * Checks that `docs/limits.md` matches the source.
 */
import { assert, assertEquals } from "@std/assert";
import * as limits from "../src/limits.ts";
import { limitsPage } from "./limits_page.ts";

Deno.test("docs/limits.md is the output of `deno task limits`", async () => {
  const page = await Deno.readTextFile(new URL("../docs/limits.md", import.meta.url));
  assertEquals(page, await limitsPage());
});

Deno.test("docs/limits.md has each limit of src/limits.ts with a value and a reason", async () => {
  const page = await limitsPage();
  for (const name of Object.keys(limits)) {
    assert(new RegExp(`^- \`${name}\` \\([^)]+\\): .{10,}`, "m").test(page), name);
  }
});
