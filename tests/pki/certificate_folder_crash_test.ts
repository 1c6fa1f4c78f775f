import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { FileError } from "../../src/errors.ts";
import {
  certificateFileNames,
  hasNoCertificates,
  openCertificates,
} from "../../src/pki/certificate_folder.ts";
import { inFolder, make, snapshot } from "./temporary_folder.ts";
import { clockAt } from "./test_time.ts";

Deno.test("a run that was killed at any moment is completed by the next, without force", async (test) => {
  // What the moments after the decision look like: the first files have been moved, the others are still in `.new`.
  for (let moved = 0; moved <= certificateFileNames.length; moved++) {
    await test.step(`${moved} files moved`, async () => {
      await inFolder(async (folder) => {
        const { caFingerprint } = await make(folder);
        await Deno.mkdir(`${folder}/.new`);
        for (const name of certificateFileNames.slice(moved)) {
          await Deno.rename(`${folder}/${name}`, `${folder}/.new/${name}`);
        }
        if (moved < certificateFileNames.length) {
          assertEquals((await make(folder)).caFingerprint, caFingerprint);
        } else {
          await assertRejects(() => make(folder), FileError, "already there");
        }
        assertEquals(Object.keys(await snapshot(folder)).length, 4);
      });
    });
  }
  await test.step("before the decision", async () => {
    await inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/.draft`);
      await Deno.writeTextFile(`${folder}/.draft/CA.key`, "half a k");
      assert(await hasNoCertificates(folder));
      assertEquals((await make(folder)).made.length, 4);
      assertEquals(Object.keys(await snapshot(folder)).length, 4);
    });
  });
});

Deno.test("force does not complete what an interrupted run had decided, it starts over", async () => {
  await inFolder(async (folder) => {
    const { caFingerprint } = await make(folder);
    await Deno.mkdir(`${folder}/.new`);
    await Deno.rename(`${folder}/server.key`, `${folder}/.new/server.key`);
    assertNotEquals((await make(folder, { force: true })).caFingerprint, caFingerprint);
    assertEquals(Object.keys(await snapshot(folder)).length, 4);
  });
});

Deno.test("of several runs at once exactly one succeeds, and the set fits together", async () => {
  for (let round = 0; round < 10; round++) {
    await inFolder(async (folder) => {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => make(folder)));
      const errors = results.filter((result) => result.status === "rejected");
      for (const { reason } of errors) assert(reason instanceof FileError, String(reason));
      assertEquals(errors.length, results.length - 1);
      assertEquals(Object.keys(await snapshot(folder)).length, 4);
      await openCertificates({ folder, clock: clockAt() });
    });
  }
});
