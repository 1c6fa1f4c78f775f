/**
 * Files are complete at any moment, keep their mode, and never replace a file that they must not.
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  appendLine,
  attempting,
  createFile,
  isThere,
  makeFolder,
  placeFile,
  readTextIfThere,
  removeIfThere,
  renameIfThere,
  replaceFile,
} from "../src/durable_files.ts";
import { FileError } from "../src/errors.ts";
import { textFileBytesMax } from "../src/limits.ts";
import { inFolder } from "./pki/temporary_folder.ts";

/** Runs a test in an empty folder. */
function test(title: string, use: (folder: string) => void): void {
  Deno.test(title, () =>
    inFolder((folder) => {
      use(folder);
      return Promise.resolve();
    }));
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;

for (const umask of [0o000, 0o022, 0o077]) {
  for (const [access, mode] of [["private", 0o600], ["public", 0o644]] as const) {
    test(`a ${access} file has mode ${mode.toString(8)} under the umask ${umask.toString(8)}`, (folder) => {
      const before = Deno.umask(umask);
      try {
        replaceFile(`${folder}/replaced`, "text", access);
        createFile(`${folder}/created`, "text", access);
      } finally {
        Deno.umask(before);
      }
      assertEquals(["replaced", "created"].map((name) => modeOf(`${folder}/${name}`)), [
        mode,
        mode,
      ]);
    });
  }
}

test("a written file has its text, and its folder has no other file", (folder) => {
  for (const text of ["one", "", "two".repeat(100_000)]) {
    replaceFile(`${folder}/file`, text, "private");
    assertEquals(readTextIfThere(`${folder}/file`), text);
  }
  assertEquals(namesIn(folder), ["file"]);
});

test("an appended line stands alone, also after one that was cut off", (folder) => {
  const file = `${folder}/lines`;
  appendLine(file, "one", "public");
  appendLine(file, "two", "public");
  assertEquals([readTextIfThere(file), modeOf(file)], ["one\ntwo\n", 0o644]);
  Deno.writeTextFileSync(file, "one\ntw");
  appendLine(file, "three", "public");
  assertEquals(readTextIfThere(file), "one\ntw\nthree\n");
});

test("a failed write leaves the old file and no temporary file", (folder) => {
  Deno.mkdirSync(`${folder}/taken/inside`, { recursive: true });
  assertThrows(() => replaceFile(`${folder}/taken`, "new", "private"));
  assertThrows(() => replaceFile(`${folder}/none/file`, "new", "private"), Deno.errors.NotFound);
  assertEquals(namesIn(folder), ["taken"]);
});

const obstacles: Readonly<Record<string, (path: string) => void>> = {
  "a file": (path) => Deno.writeTextFileSync(path, "mine"),
  "a folder": (path) => Deno.mkdirSync(path),
  "a link that leads nowhere": (path) => Deno.symlinkSync(`${path}-nowhere`, path),
};
for (const [title, make] of Object.entries(obstacles)) {
  test(`a new file does not replace ${title}, and does not write through it`, (folder) => {
    const path = `${folder}/taken`;
    make(path);
    assertEquals(createFile(path, "new", "private"), false);
    assertEquals(namesIn(folder), ["taken"]);
    if (title === "a file") assertEquals(Deno.readTextFileSync(path), "mine");
    assertEquals(createFile(`${folder}/free`, "new", "private"), true);
    assertEquals(Deno.readTextFileSync(`${folder}/free`), "new");
  });
}

test("replacing a link leaves its target unchanged", (folder) => {
  Deno.writeTextFileSync(`${folder}/other`, "mine");
  Deno.symlinkSync(`${folder}/other`, `${folder}/link`);
  replaceFile(`${folder}/link`, "new", "private");
  assertEquals(Deno.lstatSync(`${folder}/link`).isSymlink, false);
  assertEquals(Deno.readTextFileSync(`${folder}/other`), "mine");
});

const linkers: readonly [string, typeof Deno.linkSync | undefined][] = [
  ["with links", undefined],
  ["without links", () => {
    throw new Deno.errors.PermissionDenied("Operation not permitted (os error 1)");
  }],
];
for (const [disk, link] of linkers) {
  test(`on a disk ${disk} a finished file gets its name, and never replaces another`, (folder) => {
    const [from, to] = [`${folder}/from`, `${folder}/to`];
    const options = { ...(link && { link }) };
    Deno.writeTextFileSync(from, "whole");
    assertEquals(placeFile(from, to, options), true);
    assertEquals(Deno.readTextFileSync(to), "whole");
    removeIfThere(from);
    Deno.writeTextFileSync(from, "other");
    assertEquals(placeFile(from, to, options), false);
    assertEquals([Deno.readTextFileSync(to), Deno.readTextFileSync(from)], ["whole", "other"]);
    assertThrows(() => placeFile(`${folder}/none`, `${folder}/new`, options), Deno.errors.NotFound);
    assertEquals(namesIn(folder), ["from", "to"]);
  });
}

test("a folder is made for its owner alone with its parents, and an existing one stays", (folder) => {
  Deno.chmodSync(folder, 0o755);
  makeFolder(`${folder}/a/b`);
  makeFolder(folder);
  assertEquals(["", "/a", "/a/b"].map((path) => modeOf(`${folder}${path}`)), [0o755, 0o700, 0o700]);
});

test("only a regular file of bounded size is read", (folder) => {
  assertEquals(readTextIfThere(`${folder}/none`), undefined);
  assertThrows(() => readTextIfThere(folder), FileError, "it is not a regular file");
  assertThrows(() => readTextIfThere("/dev/zero"), FileError, "it is not a regular file");
  new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).outputSync();
  assertThrows(() => readTextIfThere(`${folder}/fifo`), FileError, "it is not a regular file");
  for (const bytes of [textFileBytesMax, textFileBytesMax + 1]) {
    using file = Deno.openSync(`${folder}/large`, { write: true, create: true });
    file.truncateSync(bytes);
    const read = () => readTextIfThere(`${folder}/large`)?.length;
    if (bytes === textFileBytesMax) assertEquals(read(), bytes);
    else assertThrows(read, FileError, `it has more than ${textFileBytesMax} bytes`);
  }
});

test("renaming and removing a missing file does nothing", (folder) => {
  renameIfThere(`${folder}/none`, `${folder}/to`);
  removeIfThere(`${folder}/none`);
  assertEquals(isThere(`${folder}/to`), false);
  Deno.symlinkSync(`${folder}/nowhere`, `${folder}/to`);
  assertEquals(isThere(`${folder}/to`), true);
  Deno.mkdirSync(`${folder}/full/inside`, { recursive: true });
  assertThrows(
    () => removeIfThere(`${folder}/full`),
    FileError,
    `delete the file ${folder}/full: `,
  );
});

Deno.test("a refusal of the file system names the attempt, and the file once", () => {
  const read = () => attempting("read /no/file", () => Deno.readTextFileSync("/no/file"));
  const { message } = assertThrows(read, FileError);
  assertEquals(message, "read /no/file: No such file or directory (os error 2)");
  const own = new FileError("said already");
  const rethrown = assertThrows(() =>
    attempting("read", () => {
      throw own;
    }), FileError);
  assertEquals(rethrown, own);
});

Deno.test({
  name: "a folder that the runtime keeps programs out of is named, and no flag of the runtime",
  permissions: { read: true },
  fn: () => {
    const file = "/proc/self/status";
    const read = () => attempting(`read ${file}`, () => Deno.readTextFileSync(file));
    const { message } = assertThrows(read, FileError);
    assertEquals(
      message,
      `read ${file}: the runtime keeps programs out of /dev, /proc and /sys; use a file in another folder`,
    );
  },
});
