/**
 * The path of a ledger. SQLite keeps its logs, and we keep our lock, beside the name of the file. So a
 * ledger may be used under one name only.
 */
import { symbolicLinksMax } from "../../limits.ts";
import { basename, dirname, resolve } from "node:path";
import { attempting, unlessMissing } from "../../durable_files.ts";
import { FileError, systemReason } from "../../errors.ts";

/** What SQLite puts after a ledger's name. */
export const logSuffixes = ["-wal", "-shm", "-journal"] as const;
/** All names that belong beside a ledger: its logs and its lock. */
const sideFileSuffixes = [...logSuffixes, "-lock"] as const;

/**
 * Follows symbolic links to the file that they mean, also when that file is not there yet.
 *
 * The result is absolute. SQLite therefore takes no name for something else, as it does with `:memory:` and `file:x?mode=ro`.
 *
 * @throws {FileError} when the path cannot be followed
 */
export function resolveLedgerPath(file: string): string {
  let path = resolve(file);
  for (let links = 0; links < symbolicLinksMax; links++) {
    try {
      return Deno.realPathSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw unfollowed(file, systemReason(error), error);
      }
    }
    const target = linkTarget(path);
    if (target === undefined) return resolveNewPath(path);
    path = resolve(dirname(path), target);
  }
  throw unfollowed(file, "its symbolic links form a circle");
}

/** The real path of a file that is to be made. A link of that name is not followed: it is in the way. */
export function resolveNewPath(file: string): string {
  const path = resolve(file);
  try {
    return resolve(Deno.realPathSync(dirname(path)), basename(path));
  } catch {
    return path; // Making the file says what is wrong with its folder.
  }
}

/**
 * A ledger with two names could be opened under both. Each name would have a log and a lock of its own, and the file would break.
 *
 * @throws {FileError} when the file has another name (a hard link)
 */
export function requireOneName(file: string, attempt: string): void {
  const { nlink } = Deno.statSync(file);
  if ((nlink ?? 1) <= 1) return;
  throw new FileError(
    `${attempt}: the file has ${nlink} names (hard links); find them with find -samefile, and ` +
      "delete all but one, or copy the file with cp",
  );
}

/**
 * Checks, before the work is done, that a ledger may be made under a name.
 *
 * @throws {FileError} when the name is taken, is for a file beside a ledger, or has a log that SQLite
 *   would take for the new ledger's
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
  if (found !== undefined) throw nameTaken(attempt);
  for (const log of [`${file}-wal`, `${file}-journal`]) {
    if ((lookAt(log)?.size ?? 0) === 0) continue;
    throw new FileError(
      `${attempt}: ${log} is left of a ledger that is not there any more; put it back beside that ` +
        "one, or delete it",
    );
  }
}

/** @returns the error of an attempt to make a file where there is one */
export function nameTaken(attempt: string): FileError {
  return new FileError(`${attempt}: there is a file of that name, and it is never overwritten`);
}

/** Does not follow a symbolic link: one that leads nowhere is in the way as well. */
function lookAt(file: string): Deno.FileInfo | undefined {
  return attempting(
    `cannot look for the file ${file}`,
    () => unlessMissing(() => Deno.lstatSync(file)),
  );
}

function linkTarget(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function unfollowed(file: string, reason: string, cause?: unknown): FileError {
  return new FileError(`cannot look for the ledger ${file}: ${reason}`, { cause });
}
