/**
 * Several new files in one folder, all of them or none: also when the process dies in the middle, or two run at once.
 *
 * A CA's certificate without its key, or the reverse, is of no use and cannot be completed. Files cannot be made visible
 * together, so they are first written in full to a folder inside; renaming that folder to `.new` decides that they will be
 * there; then they are moved out one by one. Whoever finds a `.new` finishes the moving.
 */
import { encodeHex } from "@std/encoding/hex";
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Random } from "../random.ts";

export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** `secret`: 0600 from its first moment on. `public`: 0644. */
  readonly access: "secret" | "public";
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
  { replace, random }: { replace: boolean; random: Random },
): Promise<void> {
  await naming(folder, async () => {
    const draft = pathIn(folder, `.draft-${encodeHex(random.bytes(8))}`);
    // Nobody else may look in, so that not even a file's mode has to be relied on.
    await Deno.mkdir(draft, { mode: 0o700 });
    try {
      for (const file of files) await writeNew(pathIn(draft, file.name), file);
      await commit(draft, folder);
    } catch (error) {
      await Deno.remove(draft, { recursive: true });
      throw error;
    }
    if (replace) await removeOld(folder, files);
    try {
      await checkClear(folder, files.map(({ name }) => name));
    } catch (error) {
      await discard(folder, random);
      throw error;
    }
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
export async function discardFiles(
  folder: string,
  { random }: { random: Random },
): Promise<void> {
  await naming(folder, () => discard(folder, random));
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

/** The rename is the decision. It fails when another process has decided and is not done: `.new` is the lock, too. */
async function commit(draft: string, folder: string): Promise<void> {
  try {
    await Deno.rename(draft, pathIn(folder, decided));
  } catch (error) {
    if (!await isThere(pathIn(folder, decided))) throw error;
    throw new FileError(`write to ${printable(folder)}: another process is writing there`);
  }
}

async function removeOld(folder: string, files: readonly NewFile[]): Promise<void> {
  for (const { name } of files) {
    const path = pathIn(folder, name);
    if (await isThere(path)) await Deno.remove(path);
  }
}

/** Looked at after the decision only: before it, another process could still publish in between. */
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
  for (const name of names) {
    await unlessGone(() => Deno.rename(pathIn(source, name), pathIn(folder, name)));
  }
  await unlessGone(() => Deno.remove(source));
  await syncFolder(folder);
  return names;
}

/** Two processes may be finishing the same `.new`; what the other one has moved is done. */
async function unlessGone(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function discard(folder: string, random: Random): Promise<void> {
  const source = pathIn(folder, decided);
  if (!await isThere(source)) return;
  // Renamed first: half of a removed `.new` must not be taken for the rest of a published one.
  const discarded = pathIn(folder, `.draft-${encodeHex(random.bytes(8))}`);
  await Deno.rename(source, discarded);
  await Deno.remove(discarded, { recursive: true });
}

async function syncFolder(folder: string): Promise<void> {
  try {
    using opened = await Deno.open(folder);
    await opened.sync();
  } catch {
    // Not every file system can do this for a folder; the files themselves are on the disk.
  }
}
