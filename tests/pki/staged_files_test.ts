import { assertEquals, assertRejects } from "@std/assert";
import { FileError } from "../../src/errors.ts";
import { addFiles } from "../../src/pki/staged_files.ts";
import { inFolder, snapshot } from "./temporary_folder.ts";

Deno.test("files that are in the way of new ones stop all of them", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/b`, "old");
    const files = ["a", "b"].map((name) => ({ name, text: "new", access: "public" as const }));
    const options = { replace: false };
    await assertRejects(() => addFiles(folder, files, options), FileError, `${folder}/b`);
    assertEquals(await snapshot(folder), { b: "old" });
  });
});
