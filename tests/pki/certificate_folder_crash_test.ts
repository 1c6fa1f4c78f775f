import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError } from "../../src/errors.ts";
import {
  certificateFileNames,
  hasNoCertificates,
  openCertificates,
} from "../../src/pki/certificate_folder.ts";
import { renewServerCertificate } from "../../src/pki/make_certificates.ts";
import { inFolder, make, makeOptions, snapshot } from "./temporary_folder.ts";
import { clockAt } from "./test_time.ts";

Deno.test("the next run completes one that was killed at any moment", async (test) => {
  // After the commit, some files have been moved and the others are still in `.new`.
  for (let moved = 0; moved <= certificateFileNames.length; moved++) {
    await test.step(`${moved} files moved`, async () => {
      await inFolder(async (folder) => {
        const { caFingerprint } = await make(folder);
        await Deno.mkdir(`${folder}/.new`);
        for (const name of certificateFileNames.slice(moved)) {
          await Deno.rename(`${folder}/${name}`, `${folder}/.new/${name}`);
        }
        if (moved < certificateFileNames.length) {
          const opening = () => openCertificates({ folder, clock: clockAt() });
          assertThrows(opening, FileError, `micropay gencert --out ${folder} finishes it`);
          assertEquals((await make(folder)).caFingerprint, caFingerprint);
        } else {
          await assertRejects(() => make(folder), FileError, "all of them are in");
        }
        assertEquals(Object.keys(await snapshot(folder)).length, 4);
      });
    });
  }
  await test.step("before the commit", async () => {
    await inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/.draft`);
      await Deno.writeTextFile(`${folder}/.draft/CA.key`, "half a k");
      assert(hasNoCertificates(folder));
      assertEquals((await make(folder)).made.length, 4);
      assertEquals(Object.keys(await snapshot(folder)).length, 4);
    });
  });
});

Deno.test("the next run completes a renewal that was killed at any moment, and no file is lost", async (test) => {
  for (const [kept, moved] of [[0, 0], [1, 0], [1, 1], [2, 1]]) {
    await test.step(`${kept} files kept and ${moved} moved`, async () => {
      await inFolder(async (folder) => {
        const first = await make(folder);
        const old = await snapshot(folder);
        await renewServerCertificate({ ...makeOptions(folder), hostsDefault: [] });
        const fresh = await snapshot(folder);
        // Restores the state in between.
        await Deno.mkdir(`${folder}/.new`);
        const names = ["server.crt", "server.key"];
        for (const [index, name] of names.entries()) {
          const aside = `${folder}/${name}.replaced-2026-11-23T120000.000Z`;
          if (index >= moved!) await Deno.rename(`${folder}/${name}`, `${folder}/.new/${name}`);
          if (index >= kept!) await Deno.rename(aside, `${folder}/${name}`);
        }
        assertEquals((await make(folder)).caFingerprint, first.caFingerprint);
        const after = await snapshot(folder);
        assertEquals(after, fresh);
        for (const name of names) {
          assertEquals(after[`${name}.replaced-2026-11-23T120000.000Z`], old[name]);
        }
      });
    });
  }
});

Deno.test("exactly one of several concurrent runs succeeds, and its files belong together", async () => {
  for (let round = 0; round < 10; round++) {
    await inFolder(async (folder) => {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => make(folder)));
      const errors = results.filter((result) => result.status === "rejected");
      for (const { reason } of errors) assert(reason instanceof FileError, String(reason));
      assertEquals(errors.length, results.length - 1);
      assertEquals(Object.keys(await snapshot(folder)).length, 4);
      openCertificates({ folder, clock: clockAt() });
    });
  }
});
