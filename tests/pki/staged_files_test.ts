import { assertEquals } from "@std/assert";
import { addFiles } from "../../src/pki/staged_files.ts";
import { inFolder, snapshot } from "./temporary_folder.ts";

Deno.test("replaced files are kept, each under a new name", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/b`, "old");
    const files = (text: string) =>
      ["a", "b"].map((name) => ({ name, text, access: "public" as const }));
    const mark = "then";
    const { made, kept } = await addFiles(folder, files("1"), { mark });
    assertEquals([made.toSorted(), kept], [["a", "b"], ["b.replaced-then"]]);
    await addFiles(folder, files("2"), { mark });
    assertEquals(await snapshot(folder), {
      a: "2",
      b: "2",
      "a.replaced-then": "1",
      "b.replaced-then": "old",
      "b.replaced-then-2": "1",
    });
  });
});

Deno.test("the umask does not change who can read a file", async (test) => {
  for (const umask of [0o000, 0o077]) {
    await test.step(`umask ${umask.toString(8)}`, async () => {
      await inFolder(async (folder) => {
        const before = Deno.umask(umask);
        try {
          await addFiles(folder, [
            { name: "open", text: "a", access: "public" },
            { name: "closed", text: "b", access: "secret" },
          ], { mark: "then" });
        } finally {
          Deno.umask(before);
        }
        const modes = ["open", "closed"].map((name) => Deno.statSync(`${folder}/${name}`).mode!);
        assertEquals(modes.map((mode) => mode & 0o777), [0o644, 0o600]);
      });
    });
  }
});
