/**
 * What a client keeps on disk is whole at any moment.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { systemDisk } from "../../../src/client/wallet/disk.ts";
import { FileError } from "../../../src/errors.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { modeOf } from "./file_mode.ts";

Deno.test("disk: a file is written whole, with its mode, and nothing else is left", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/file`;
    await Promise.all(["one", "two", "three"].map((text) => {
      return systemDisk.writeWhole(path, text.repeat(1000), "private");
    }));
    const text = await systemDisk.readText(path);
    assertEquals(["one", "two", "three"].some((word) => text === word.repeat(1000)), true);
    assertEquals(await modeOf(path), 0o600);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("disk: what cannot be written leaves the old content, and says which file", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken/inside`, { recursive: true });
    const write = () => systemDisk.writeWhole(`${folder}/taken`, "new", "private");
    await assertRejects(write, FileError, `write ${folder}/taken: `);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["taken"]);
    const missing = () => systemDisk.writeWhole(`${folder}/none/file`, "new", "private");
    await assertRejects(missing, FileError, "write ");
  });
});

Deno.test("disk: no file is nothing, a folder in its place is an error", async () => {
  await inFolder(async (folder) => {
    assertEquals(await systemDisk.readText(`${folder}/none`), undefined);
    await assertRejects(() => systemDisk.readText(folder), FileError, `read ${folder}: `);
  });
});
