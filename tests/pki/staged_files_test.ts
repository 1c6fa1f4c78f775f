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

Deno.test("the umask does not decide who can read a file", async (test) => {
  for (const umask of [0o000, 0o077]) {
    await test.step(`umask ${umask.toString(8)}`, async () => {
      await inFolder(async (folder) => {
        const before = Deno.umask(umask);
        try {
          await addFiles(folder, [
            { name: "open", text: "a", access: "public" },
            { name: "closed", text: "b", access: "secret" },
          ], { replace: false });
        } finally {
          Deno.umask(before);
        }
        const modes = ["open", "closed"].map((name) => Deno.statSync(`${folder}/${name}`).mode!);
        assertEquals(modes.map((mode) => mode & 0o777), [0o644, 0o600]);
      });
    });
  }
});
