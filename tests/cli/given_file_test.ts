/**
 * Files that a person names on the command line.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { readGivenFile } from "../../src/cli/given_file.ts";
import { FileError } from "../../src/errors.ts";
import { textFileBytesMax } from "../../src/limits.ts";

Deno.test("a given file is read as it is, up to the greatest length", async () => {
  const path = await Deno.makeTempFile();
  try {
    // A character of two bytes is also read whole where two chunks meet.
    const text = "é".repeat(textFileBytesMax / 2);
    await Deno.writeTextFile(path, text);
    assertEquals(await readGivenFile(path, "read it"), text);
    await Deno.writeTextFile(path, `${text}.`);
    await assertRejects(
      () => readGivenFile(path, "read it"),
      FileError,
      "read it: it has more than",
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a given file that is a folder, empty or missing is refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/empty`, "");
    await assertRejects(() => readGivenFile(folder, "read it"), FileError, "read it: ");
    for (const name of ["empty", "missing"]) {
      const reading = () => readGivenFile(`${folder}/${name}`, "read it");
      await assertRejects(reading, FileError, "there is no such file, or it is empty");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a given file without an end is refused",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const reading = () => readGivenFile("/dev/zero", "read it");
    await assertRejects(reading, FileError, "read it: it has more than");
  },
});
