/**
 * Adds several files to a folder: all of them or none, even when the process dies in between.
 *
 * A CA certificate without its key is of no use, and neither is the reverse. So the files are first
 * written to the subfolder `.draft`. Renaming `.draft` to `.new` is the commit. Then the files move
 * out of `.new` one by one. The next run completes a `.new` and deletes a `.draft`. The folder is
 * locked meanwhile.
 */
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { syncFolder } from "../sync_folder.ts";

/** A file to add. */
export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** `secret` means mode 0600 from its creation on. `public` means 0644. */
  readonly access: "secret" | "public";
}

/**
 * Runs `action` while this process alone holds the folder's lock. The lock ends with the process.
 *
 * @throws {FileError} when the folder cannot be opened
 */
export async function inLockedFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  // The lock is on the folder itself, so that no lock file is left behind.
  using opened = await naming(folder, () => Deno.open(folder));
  try {
    await opened.lock(true);
  } catch {
    // Some network file systems cannot lock a folder. Two runs at once are unlikely, so it goes on.
  }
  return await action();
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
export async function addFiles(
  folder: string,
  files: readonly NewFile[],
  { mark }: { mark: string },
): Promise<StagedFiles> {
  return await naming(folder, async () => {
    const draft = pathIn(folder, undecided);
    await removeDraft(folder);
    // Other users may not look in, so the secret files do not depend on their own mode.
    await Deno.mkdir(draft, { mode: 0o700 });
    try {
      for (const file of files) await writeNew(pathIn(draft, file.name), file);
      await syncFolder(draft);
      await Deno.rename(draft, pathIn(folder, decided));
    } catch (error) {
      await removeDraft(folder);
      throw error;
    }
    // The commit must be durable before an old file is renamed.
    await syncFolder(folder);
    return await publish(folder, mark);
  });
}

/**
 * Completes an {@link addFiles} that was interrupted after its commit.
 *
 * @throws {FileError} when a file cannot be moved
 */
export async function finishFiles(
  folder: string,
  { mark }: { mark: string },
): Promise<StagedFiles> {
  return await naming(folder, () => publish(folder, mark));
}

/** Returns whether {@link finishFiles} has something to do. */
export async function isUnfinished(folder: string): Promise<boolean> {
  return await isThere(pathIn(folder, decided));
}

/**
 * Returns whether a path exists. A dangling symbolic link exists too.
 *
 * @throws {FileError} when the path cannot be read
 */
export async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(path, error);
  }
}

/** Returns the path of a file in a folder. */
export function pathIn(folder: string, name: string): string {
  return `${folder.replace(/(?<=.)\/+$/, "")}/${name}`;
}

/** Returns an error of a file operation as a {@link FileError} that names the path. */
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
  // A tight umask would keep members from reading the CA certificate. Secret files stay 0600.
  if (access === "public") await Deno.chmod(path, mode);
}

/** Moves all files out of `.new`. After a kill, the next call moves the rest. */
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

/** @returns the file's new name */
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
