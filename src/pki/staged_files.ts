/**
 * Several new files in one folder, all of them or none: also when the process dies in the middle.
 *
 * A CA's certificate without its key, or the reverse, is of no use and cannot be completed. Files cannot be made visible
 * together, so they are first written in full to a folder inside; renaming that folder to `.new` decides that they will be
 * there; then they are moved out one by one. Whoever finds a `.new` finishes the moving, and throws away a `.draft`. All of this
 * is done with the folder locked.
 */
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { printable } from "../printable.ts";
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

/**
 * Writes all the files. Without `replace` none of them may be there already.
 *
 * @throws {FileError} naming the file that is there, or what could not be written; then nothing was changed, except that
 * with `replace` old files may be gone
 */
export async function addFiles(
  folder: string,
  files: readonly NewFile[],
  { replace }: { replace: boolean },
): Promise<void> {
  await naming(folder, async () => {
    const draft = pathIn(folder, undecided);
    await removeDraft(folder);
    // Nobody else may look in, so that not even a file's mode has to be relied on.
    await Deno.mkdir(draft, { mode: 0o700 });
    try {
      for (const file of files) await writeNew(pathIn(draft, file.name), file);
      if (!replace) await checkClear(folder, files.map(({ name }) => name));
      await Deno.rename(draft, pathIn(folder, decided));
    } catch (error) {
      await removeDraft(folder);
      throw error;
    }
    if (replace) await removeOld(folder, files);
    await publish(folder);
  });
}

/**
 * Moves out what an earlier, interrupted {@link addFiles} had decided on.
 *
 * @returns the names, empty when there was nothing to finish
 * @throws {FileError} when a file is in the way; nothing was changed
 */
export async function finishFiles(folder: string): Promise<string[]> {
  return await naming(folder, () => publish(folder));
}

/** Throws away what an earlier, interrupted {@link addFiles} had decided on. */
export async function discardFiles(folder: string): Promise<void> {
  await naming(folder, () => discard(folder));
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
  return new FileError(`use ${printable(path)}: ${messageOf(error)}`, { cause: error });
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

async function removeOld(folder: string, files: readonly NewFile[]): Promise<void> {
  for (const { name } of files) {
    const path = pathIn(folder, name);
    if (await isThere(path)) await Deno.remove(path);
  }
}

async function checkClear(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = pathIn(folder, name);
    if (await isThere(path)) throw new FileError(`write ${printable(path)}: it is already there`);
  }
}

/** Moves everything out of `.new`, provided that nothing is in the way. */
async function publish(folder: string): Promise<string[]> {
  const source = pathIn(folder, decided);
  if (!await isThere(source)) return [];
  const names: string[] = [];
  for await (const { name } of Deno.readDir(source)) names.push(name);
  await checkClear(folder, names);
  for (const name of names) await Deno.rename(pathIn(source, name), pathIn(folder, name));
  await Deno.remove(source);
  await syncFolder(folder);
  return names;
}

async function discard(folder: string): Promise<void> {
  const source = pathIn(folder, decided);
  await removeDraft(folder);
  if (!await isThere(source)) return;
  // Renamed first: half of a removed `.new` must not be taken for the rest of a published one.
  await Deno.rename(source, pathIn(folder, undecided));
  await removeDraft(folder);
}

async function removeDraft(folder: string): Promise<void> {
  const draft = pathIn(folder, undecided);
  if (await isThere(draft)) await Deno.remove(draft, { recursive: true });
}
