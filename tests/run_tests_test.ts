/** The program that runs the tests leaves none out and passes on the failure of one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { findTestFiles, groupTestFiles } from "./run_tests.ts";

const program = new URL("run_tests.ts", import.meta.url).pathname;
const files = findTestFiles(import.meta.dirname!);

Deno.test("each test file is in one group, with at most eleven others of its folder", () => {
  const groups = groupTestFiles(files);
  assertEquals(groups.flatMap((group) => group.files).toSorted(), files.toSorted());
  for (const { name, files } of groups) {
    assert(files.length <= 12, name);
    const folder = name.replace(/_\d+$/, "").replace(/^tests$/, ".");
    for (const file of files) assert(file.startsWith(join(import.meta.dirname!, folder)), file);
  }
  assertEquals(new Set(groups.map(({ name }) => name)).size, groups.length);
});

Deno.test("a file that is named twice runs once", () => {
  const [file] = files;
  assertEquals(groupTestFiles([file!, file!]).map((group) => group.files), [[file!]]);
});

Deno.test("a failed test is a failed run, and the other files of its group run", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [failing, passing] = [join(folder, "a_test.ts"), join(folder, "b_test.ts")];
    await Deno.writeTextFile(failing, `Deno.test("fails", () => { throw new Error("this") });`);
    await Deno.writeTextFile(passing, `Deno.test("passes", () => {});`);
    const run = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--allow-all", program, folder],
      env: { NO_COLOR: "1" },
    });
    const { code, stdout } = await run.output();
    const output = new TextDecoder().decode(stdout);
    assertEquals(code, 1, output);
    assertMatch(output, /^FAILED \| 1 passed \| 1 failed/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
