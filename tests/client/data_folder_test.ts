/**
 * What a client keeps on disk is whole at any moment.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { readTextIfThere, writeFileWhole } from "../../src/client/data_folder.ts";
import { FileError } from "../../src/errors.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { modeOf } from "./file_mode.ts";

Deno.test("data folder: a file is written whole, with its mode, and nothing else is left", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/file`;
    await Promise.all(["one", "two", "three"].map((text) => {
      return writeFileWhole(path, text.repeat(1000), { mode: 0o600 });
    }));
    const text = await readTextIfThere(path);
    assertEquals(["one", "two", "three"].some((word) => text === word.repeat(1000)), true);
    assertEquals(await modeOf(path), 0o600);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("data folder: what cannot be written leaves the old content, and says which file", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken/inside`, { recursive: true });
    const write = () => writeFileWhole(`${folder}/taken`, "new", { mode: 0o600 });
    await assertRejects(write, FileError, `write ${folder}/taken: `);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["taken"]);
    const missing = () => writeFileWhole(`${folder}/none/file`, "new", { mode: 0o600 });
    await assertRejects(missing, FileError, "write ");
  });
});

Deno.test("data folder: no file is nothing, a folder in its place is an error", async () => {
  await inFolder(async (folder) => {
    assertEquals(await readTextIfThere(`${folder}/none`), undefined);
    await assertRejects(() => readTextIfThere(folder), FileError, `read ${folder}: `);
  });
});
