/**
 * Several new files in one folder, all of them or none: also when the process dies in the middle.
 *
 * A CA's certificate without its key, or the reverse, is of no use and cannot be completed. Files cannot be made visible
 * together, so they are first written in full to a folder inside; renaming that folder to `.new` decides that they will be
 * there; then they are moved out one by one. Whoever finds a `.new` finishes the moving, and throws away a `.draft`. All of this
 * is done with the folder locked.
 */
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { syncFolder } from "../sync_folder.ts";

export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** `secret`: 0600 from its first moment on. `public`: 0644. */
  readonly access: "secret" | "public";
}

/**
 * Runs `action` while no other process that also asks is in this folder; waits for its turn. Death releases the lock.
 *
 * @throws {FileError} when the folder cannot be opened
 */
export async function inLockedFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  // The folder itself is locked, so that no lock file is left over for anybody to wonder about.
  using opened = await naming(folder, () => Deno.open(folder));
  try {
    await opened.lock(true);
  } catch {
    // Some network file systems cannot lock a folder. Two at once are unlikely, one that cannot work at all is certain.
  }
  return await action();
}

/** What became of files: names in their folder. */
export interface StagedFiles {
  readonly made: readonly string[];
  /** The new names of files that were in the way. */
  readonly kept: readonly string[];
}

/**
 * Writes all the files. One that is in the way is kept under another name, so nothing is ever lost.
 *
 * @param options.mark goes into the names of files that are kept: `NAME.replaced-MARK`
 * @throws {FileError} naming what could not be written
 */
export async function addFiles(
  folder: string,
  files: readonly NewFile[],
  { mark }: { mark: string },
): Promise<StagedFiles> {
  return await naming(folder, async () => {
    const draft = pathIn(folder, undecided);
    await removeDraft(folder);
    // Nobody else may look in, so that not even a file's mode has to be relied on.
    await Deno.mkdir(draft, { mode: 0o700 });
    try {
      for (const file of files) await writeNew(pathIn(draft, file.name), file);
      await syncFolder(draft);
      await Deno.rename(draft, pathIn(folder, decided));
    } catch (error) {
      await removeDraft(folder);
      throw error;
    }
    // Decided for good before a file that was there is renamed.
    await syncFolder(folder);
    return await publish(folder, mark);
  });
}

/** Moves out what an earlier, interrupted {@link addFiles} had decided on. */
export async function finishFiles(
  folder: string,
  { mark }: { mark: string },
): Promise<StagedFiles> {
  return await naming(folder, () => publish(folder, mark));
}

/** Whether {@link finishFiles} has something to do. */
export async function isUnfinished(folder: string): Promise<boolean> {
  return await isThere(pathIn(folder, decided));
}

/** Whether something has this name, a symbolic link to nowhere included. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(path, error);
  }
}

export function pathIn(folder: string, name: string): string {
  return `${folder.replace(/(?<=.)\/+$/, "")}/${name}`;
}

/** What went wrong with a path, as a {@link FileError}. */
export function fileError(path: string, error: unknown): MicropayError {
  if (error instanceof MicropayError) return error;
  return new FileError(`use ${path}: ${messageOf(error)}`, { cause: error });
}

async function naming<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(folder, error);
  }
}

const undecided = ".draft";
const decided = ".new";

async function writeNew(path: string, { text, access }: NewFile): Promise<void> {
  const mode = access === "secret" ? 0o600 : 0o644;
  const file = await Deno.open(path, { write: true, createNew: true, mode });
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
  // A tight umask would have kept members from reading the CA's certificate. Secret files are never widened.
  if (access === "public") await Deno.chmod(path, mode);
}

/** Moves everything out of `.new`. Killed anywhere in it, the next call moves the rest. */
async function publish(folder: string, mark: string): Promise<StagedFiles> {
  const source = pathIn(folder, decided);
  if (!await isThere(source)) return { made: [], kept: [] };
  const made: string[] = [];
  const kept: string[] = [];
  for await (const { name } of Deno.readDir(source)) made.push(name);
  made.sort();
  for (const name of made) {
    if (await isThere(pathIn(folder, name))) kept.push(await setAside(folder, name, mark));
    await Deno.rename(pathIn(source, name), pathIn(folder, name));
  }
  await Deno.remove(source);
  await syncFolder(folder);
  return { made, kept };
}

/** @returns the new name */
async function setAside(folder: string, name: string, mark: string): Promise<string> {
  for (let count = 1;; count++) {
    const kept = `${name}.replaced-${mark}${count === 1 ? "" : `-${count}`}`;
    if (await isThere(pathIn(folder, kept))) continue;
    await Deno.rename(pathIn(folder, name), pathIn(folder, kept));
    return kept;
  }
}

async function removeDraft(folder: string): Promise<void> {
  const draft = pathIn(folder, undecided);
  if (await isThere(draft)) await Deno.remove(draft, { recursive: true });
}
