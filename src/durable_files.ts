/**
 * Files that survive a kill, a full disk and a power cut. At any moment a file has its old text,
 * its new text, or does not exist. A text is durable after an fsync of the file, and a name after
 * an fsync of its folder.
 *
 * All functions block until the disk is done. Such writes are rare, and the ledger makes some of
 * them while it holds SQLite's lock. Unless noted, they throw the file system's errors; {@link
 * attempting} turns these into a `FileError`.
 */
import { dirname } from "node:path";
import { FileError, MicropayError, systemReason } from "./errors.ts";
import { textFileBytesMax } from "./limits.ts";

/** Who may read a file: only this user (0600), or every user (0644). */
export type FileAccess = "private" | "public";

/**
 * Runs an action on files.
 *
 * @param attempt what the action tries, as in "write /home/alice/key.pem"
 * @throws {FileError} that begins with `attempt`, when the file system refuses
 */
export function attempting<T>(attempt: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof MicropayError) throw cause;
    throw new FileError(`${attempt}: ${systemReason(cause)}`, { cause });
  }
}

/** Writes a file, in place of the one that has its name. */
export function replaceFile(path: string, text: string, access: FileAccess): void {
  writeTemporary(path, { text, access }, (temporary) => {
    Deno.renameSync(temporary, path);
    syncFolder(dirname(path));
  });
}

/**
 * Appends a line to a file. A line that a kill cut off before stays a line of its own, so a reader
 * finds each later line whole.
 *
 * @param line without its newline
 */
export function appendLine(path: string, line: string, access: FileAccess): void {
  const isNew = reserveName(path);
  using file = Deno.openSync(path, { read: true, append: true });
  if (isNew && access === "public") Deno.chmodSync(path, 0o644);
  const last = new Uint8Array(1);
  const { size } = file.statSync();
  if (size > 0) {
    file.seekSync(size - 1, Deno.SeekMode.Start);
    file.readSync(last);
  }
  const isCut = size > 0 && last[0] !== 0x0a;
  writeAll(file, new TextEncoder().encode(`${isCut ? "\n" : ""}${line}\n`));
  file.syncSync();
  if (isNew) syncFolder(dirname(path));
}

/**
 * Writes a new file, and leaves the one that has its name.
 *
 * @returns whether the name was free
 */
export function createFile(path: string, text: string, access: FileAccess): boolean {
  return writeTemporary(path, { text, access }, (temporary) => placeFile(temporary, path));
}

/**
 * Writes a new private file from parts that come one after another, and leaves the one that has its
 * name.
 *
 * @returns whether the name was free
 * @throws what reading the parts throws; then there is no file
 */
export async function createFileOf(
  path: string,
  parts: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const temporary = Deno.makeTempFileSync({ dir: dirname(path), prefix: ".new-" });
  try {
    using file = Deno.openSync(temporary, { write: true });
    for await (const part of parts) writeAll(file, part);
    file.syncSync();
    return placeFile(temporary, path);
  } finally {
    removeIfThere(temporary);
  }
}

/**
 * Gives a finished file a further name. The caller removes the first one.
 *
 * This makes a link, because a link never replaces a file. A disk without links, such as FAT, gets
 * an empty file that reserves the name. The finished file then takes its place.
 *
 * @returns whether the name was free
 */
export function placeFile(
  from: string,
  to: string,
  { link = Deno.linkSync }: { readonly link?: typeof Deno.linkSync } = {},
): boolean {
  try {
    link(from, to);
  } catch (refusal) {
    if (refusal instanceof Deno.errors.AlreadyExists || !reserveName(to)) return false;
    try {
      Deno.renameSync(from, to);
    } catch (error) {
      removeIfThere(to);
      throw error;
    }
  }
  syncFolder(dirname(to));
  return true;
}

/**
 * Makes an empty private file.
 *
 * @returns whether the name was free
 */
export function reserveName(path: string): boolean {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/**
 * Makes a folder that only this user can open, and the folders above it. An existing one stays
 * unchanged.
 */
export function makeFolder(path: string): void {
  if (unlessMissing(() => Deno.statSync(path))?.isDirectory) return;
  // From the top: a folder is on the disk before something is put into it.
  makeFolder(dirname(path));
  // Recursive, because another process may make it at the same time.
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  syncFolder(dirname(path));
}

/** fsyncs a folder, so that new and renamed files survive power loss, where the system can. */
export function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path);
    folder.syncSync();
  } catch {
    // Some systems cannot do this for a folder.
  }
}

/**
 * Returns the text of a regular file, or `undefined` when it does not exist.
 *
 * @throws {FileError} for anything but a regular file, because reading a FIFO would never end
 */
export function readTextIfThere(path: string): string | undefined {
  const found = unlessMissing(() => Deno.statSync(path));
  if (found === undefined) return undefined;
  if (!found.isFile) throw new FileError(`read ${path}: it is not a regular file`);
  if (found.size > textFileBytesMax) {
    throw new FileError(`read ${path}: it has more than ${textFileBytesMax} bytes`);
  }
  return unlessMissing(() => Deno.readTextFileSync(path));
}

/** Returns whether a path exists. A dangling symbolic link exists too. */
export function isThere(path: string): boolean {
  return unlessMissing(() => Deno.lstatSync(path)) !== undefined;
}

/** Returns a file's inode number, or `undefined` when there is none or it cannot be read. */
export function inodeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).ino ?? undefined;
  } catch {
    return undefined;
  }
}

export function renameIfThere(from: string, to: string): void {
  unlessMissing(() => Deno.renameSync(from, to));
}

/**
 * Removes a file. Does nothing when it does not exist.
 *
 * @throws {FileError} when it cannot be removed
 */
export function removeIfThere(path: string): void {
  attempting(`cannot delete the file ${path}`, () => unlessMissing(() => Deno.removeSync(path)));
}

/** Returns the action's result, or `undefined` when the file or folder does not exist. */
export function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes a temporary file under a unique name, because two processes may do so at once. */
function writeTemporary<T>(
  path: string,
  { text, access }: { readonly text: string; readonly access: FileAccess },
  giveName: (temporary: string) => T,
): T {
  // Deno makes it with mode 0600.
  const temporary = Deno.makeTempFileSync({ dir: dirname(path), prefix: ".new-" });
  try {
    using file = Deno.openSync(temporary, { write: true });
    // Set on the file, because a tight umask would keep other users from reading a public one.
    if (access === "public") Deno.chmodSync(temporary, 0o644);
    writeAll(file, new TextEncoder().encode(text));
    file.syncSync();
    return giveName(temporary);
  } finally {
    removeIfThere(temporary);
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}
