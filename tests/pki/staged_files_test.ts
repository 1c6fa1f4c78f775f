import { assertEquals } from "@std/assert";
import { addFiles } from "../../src/pki/staged_files.ts";
import { inFolder, snapshot } from "./temporary_folder.ts";

Deno.test("replaced files are kept, each under a new name", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/b`, "old");
    const files = (text: string) =>
      ["a", "b"].map((name) => ({ name, text, access: "public" as const }));
    const mark = "then";
    const { made, kept } = addFiles(folder, files("1"), { mark });
    assertEquals([made.toSorted(), kept], [["a", "b"], ["b.replaced-then"]]);
    addFiles(folder, files("2"), { mark });
    assertEquals(await snapshot(folder), {
      a: "2",
      b: "2",
      "a.replaced-then": "1",
      "b.replaced-then": "old",
      "b.replaced-then-2": "1",
    });
  });
});
