/**
 * Adds several files to a folder: all of them or none, also after a kill or a power cut.
 *
 * A CA certificate without its key is of no use, and neither is the reverse. So the files are first
 * written to the subfolder `.draft`. Renaming `.draft` to `.new` is the commit. Then the files move
 * out of `.new` one by one. The next run completes a `.new` and deletes a `.draft`. The caller
 * holds the folder's lock.
 */
import { join } from "node:path";
import {
  attempting,
  type FileAccess,
  isThere,
  replaceFile,
  syncFolder,
  unlessMissing,
} from "../durable_files.ts";

export interface NewFile {
  readonly name: string;
  readonly text: string;
  readonly access: FileAccess;
}

/** The result of adding files, as names within their folder. */
export interface StagedFiles {
  readonly made: readonly string[];
  /** New names of the files that were replaced. */
  readonly kept: readonly string[];
}

/**
 * Adds all files to a folder. A file of the same name is renamed and kept.
 *
 * @param options.mark a part of the new name of a replaced file: `NAME.replaced-MARK`
 * @throws {FileError} when a file cannot be written
 */
export function addFiles(
  folder: string,
  files: readonly NewFile[],
  { mark }: { mark: string },
): StagedFiles {
  return attempting(`use ${folder}`, () => {
    const draft = join(folder, undecided);
    removeFolder(draft);
    // Other users may not look in, so the secret files do not depend on their own mode.
    Deno.mkdirSync(draft, { mode: 0o700 });
    try {
      for (const { name, text, access } of files) replaceFile(join(draft, name), text, access);
      Deno.renameSync(draft, join(folder, decided));
    } catch (error) {
      removeFolder(draft);
      throw error;
    }
    // The commit must be durable before an old file is renamed.
    syncFolder(folder);
    return publish(folder, mark);
  });
}

/**
 * Completes an {@link addFiles} that was interrupted after its commit.
 *
 * @throws {FileError} when a file cannot be moved
 */
export function finishFiles(folder: string, { mark }: { mark: string }): StagedFiles {
  return attempting(`use ${folder}`, () => publish(folder, mark));
}

/** Returns whether {@link finishFiles} has something to do. */
export function isUnfinished(folder: string): boolean {
  return attempting(`use ${folder}`, () => isThere(join(folder, decided)));
}

const undecided = ".draft";
const decided = ".new";

/** Moves all files out of `.new`. After a kill, the next call moves the rest. */
function publish(folder: string, mark: string): StagedFiles {
  const source = join(folder, decided);
  if (!isThere(source)) return { made: [], kept: [] };
  const made = [...Deno.readDirSync(source)].map(({ name }) => name).sort();
  const kept: string[] = [];
  for (const name of made) {
    if (isThere(join(folder, name))) kept.push(setAside(folder, name, mark));
    Deno.renameSync(join(source, name), join(folder, name));
  }
  Deno.removeSync(source);
  syncFolder(folder);
  return { made, kept };
}

/** @returns the file's new name */
function setAside(folder: string, name: string, mark: string): string {
  for (let count = 1;; count++) {
    const kept = `${name}.replaced-${mark}${count === 1 ? "" : `-${count}`}`;
    if (isThere(join(folder, kept))) continue;
    Deno.renameSync(join(folder, name), join(folder, kept));
    return kept;
  }
}

function removeFolder(path: string): void {
  unlessMissing(() => Deno.removeSync(path, { recursive: true }));
}
