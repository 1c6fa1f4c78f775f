/**
 * A kill, a full disk or a power cut at any step leaves whole files.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { createFile, replaceFile } from "../src/durable_files.ts";
import { addFiles, finishFiles, type NewFile } from "../src/pki/staged_files.ts";
import { cutOff } from "./cut_off_files.ts";
import { inFolder, snapshot } from "./pki/temporary_folder.ts";

const stepsMax = 100;

/** Runs a test for each number of steps, until the action comes to its end. */
async function atEachStep(
  { isFull, action }: { readonly isFull: boolean; readonly action: (folder: string) => void },
  check: (folder: string, steps: number) => Promise<void> | void,
): Promise<void> {
  for (let steps = 0;; steps++) {
    assertGreater(stepsMax, steps, "the action has no end");
    let isEnded = false;
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/old`, "old");
      isEnded = cutOff(() => action(folder), { steps, isFull }).isEnded;
      await check(folder, steps);
    });
    if (isEnded) return;
  }
}

for (const isFull of [false, true]) {
  const what = isFull ? "a full disk" : "a kill";

  Deno.test(`${what} at any step leaves the old text or the new one`, () =>
    atEachStep(
      { isFull, action: (folder) => replaceFile(`${folder}/old`, "new", "private") },
      async (folder) => {
        const files = await snapshot(folder);
        assert(files.old === "old" || files.old === "new", files.old);
        // A killed process cannot remove its temporary file.
        if (isFull) assertEquals(Object.keys(files), ["old"]);
      },
    ));

  Deno.test(`${what} at any step leaves the whole new file or none`, () =>
    atEachStep(
      { isFull, action: (folder) => createFile(`${folder}/new`, "new", "public") },
      async (folder) => {
        const { old, new: created } = await snapshot(folder);
        assertEquals(old, "old");
        assert(created === undefined || created === "new", created);
      },
    ));

  Deno.test(`after ${what} at any step the next run has all files of a set, or none`, () => {
    const files: NewFile[] = [
      { name: "key", text: "new key", access: "private" },
      { name: "old", text: "new", access: "public" },
    ];
    const add = (folder: string) => void addFiles(folder, files, { mark: "then" });
    return atEachStep({ isFull, action: add }, async (folder) => {
      const { made } = finishFiles(folder, { mark: "then" });
      const isDecided = made.length > 0 || (await snapshot(folder)).key !== undefined;
      const all = { key: "new key", old: "new", "old.replaced-then": "old" };
      const { ".draft": _, ...found } = await snapshot(folder);
      assertEquals(found, isDecided ? all : { old: "old" });
      if (!isDecided) addFiles(folder, files, { mark: "then" });
      assertEquals(await snapshot(folder), all);
    });
  });
}

Deno.test("a text is on the disk before it has its name, and the name before the write returns", () =>
  inFolder((folder) => {
    for (const write of [replaceFile, createFile]) {
      const path = `${folder}/${write.name}`;
      const { done } = cutOff(() => void write(path, "text", "private"), { steps: stepsMax });
      const naming = done.findIndex((step) => step === "renameSync" || step === "linkSync");
      assertEquals(done.slice(naming - 2, naming), ["writeSync", "syncSync"]);
      assertEquals(done.slice(naming + 1, naming + 3), ["openSync", "syncSync"]);
    }
    return Promise.resolve();
  }));
