/**
 * Giving a file that was written under another name its own: never in place of another file, and not lost in a power cut.
 */
import { FileError } from "../../errors.ts";
import { systemReason } from "../../sqlite/sqlite_error.ts";
import { syncFolderNow } from "../../sync_folder.ts";
import { removeIfThere } from "./ledger_file.ts";

/** What SQLite puts after a ledger's name. */
export const logSuffixes = ["-wal", "-shm", "-journal"] as const;
/** All names that belong beside a ledger: its logs and its lock. */
const sideFileSuffixes = [...logSuffixes, "-lock"] as const;

/** With a slash at its end, so that a name can follow. */
export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/") + 1) || "./";
}

/**
 * Looks before the work is done whether a ledger may be made under a name.
 *
 * @throws {FileError} when something is there already, or the name is for what lies beside a ledger, or a log lies there that
 *   SQLite would take for the new ledger's and write into it
 */
export function requireFreeName(file: string, attempt: string): void {
  const suffix = sideFileSuffixes.find((suffix) => file.endsWith(suffix));
  if (suffix !== undefined) {
    throw new FileError(`${attempt}: a name that ends in ${suffix} is for a file beside a ledger`);
  }
  const found = lookAt(file);
  if (found?.isDirectory) {
    throw new FileError(`${attempt}: it is a folder; give the path of a file`);
  }
  if (found !== undefined) throw taken(attempt);
  for (const log of [`${file}-wal`, `${file}-journal`]) {
    if ((lookAt(log)?.size ?? 0) === 0) continue;
    throw new FileError(
      `${attempt}: ${log} is left of a ledger that is not there any more; put it back beside that ` +
        "one, or delete it",
    );
  }
}

/**
 * Gives a finished file its name.
 *
 * A link and not a rename, because a link never takes the place of another file. Disks without links (FAT, as on most memory
 * sticks) get an empty file first, which reserves the name as surely.
 *
 * @param from loses its name, or keeps it until the caller removes it
 * @throws {FileError} when there is a file of that name
 * @throws what the file system throws
 */
export function placeNewFile(
  from: string,
  to: string,
  { attempt, link = Deno.linkSync }: { attempt: string; link?: typeof Deno.linkSync },
): void {
  try {
    link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw taken(attempt);
    placeByRename(from, to, attempt);
  }
  syncFolderNow(folderOf(to));
}

function placeByRename(from: string, to: string, attempt: string): void {
  try {
    Deno.openSync(to, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw taken(attempt);
    throw error;
  }
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    removeIfThere(to);
    throw error;
  }
}

/** Not through a symbolic link: one that leads nowhere is in the way as well. */
function lookAt(file: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new FileError(`cannot look for the file ${file}: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

function taken(attempt: string): FileError {
  return new FileError(`${attempt}: there is a file of that name, and it is never overwritten`);
}
