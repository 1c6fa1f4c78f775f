/**
 * Resolves the path of a ledger. Its logs and its lock are named after the file, so a ledger must
 * have one name only.
 */
import { symbolicLinksMax } from "../../limits.ts";
import { basename, dirname, resolve } from "node:path";
import { attempting, unlessMissing } from "../../durable_files.ts";
import { FileError, systemReason } from "../../errors.ts";

/** Suffixes of SQLite's side files. */
export const logSuffixes = ["-wal", "-shm", "-journal"] as const;
/** Suffixes of all side files: logs and lock. */
const sideFileSuffixes = [...logSuffixes, "-lock"] as const;

/**
 * Follows symbolic links to a file, which need not exist yet.
 *
 * @returns an absolute path, which SQLite never takes for `:memory:` or a URI such as
 * `file:x?mode=ro`
 * @throws {FileError} when a link cannot be followed
 */
export function resolveLedgerPath(file: string): string {
  let path = resolve(file);
  for (let links = 0; links < symbolicLinksMax; links++) {
    try {
      return Deno.realPathSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw pathError(file, systemReason(error), error);
      }
    }
    const target = linkTarget(path);
    if (target === undefined) return resolveNewPath(path);
    path = resolve(dirname(path), target);
  }
  throw pathError(file, "its symbolic links form a circle");
}

/**
 * Returns the real path of a file that is to be made. A link of that name is not followed: it is in
 * the way.
 */
export function resolveNewPath(file: string): string {
  const path = resolve(file);
  try {
    return resolve(Deno.realPathSync(dirname(path)), basename(path));
  } catch {
    return path; // Making the file says what is wrong with its folder.
  }
}

/**
 * Throws when a file has a second name. Opened under both names, it would have two logs and two
 * locks, and break.
 *
 * @throws {FileError} when the file has another hard link
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
 * Throws unless a ledger may be made under this name. Called before the work is done.
 *
 * @throws {FileError} when the name is taken, has the suffix of a side file, or has a log that
 * SQLite would use
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
      `${attempt}: ${log} belongs to a ledger that no longer exists; put it back beside that ` +
        "one, or delete it",
    );
  }
}

/** Returns the error for a name that is taken. */
export function nameTaken(attempt: string): FileError {
  return new FileError(`${attempt}: there is a file of that name, and it is never overwritten`);
}

/**
 * Returns a file's information, or `undefined` without one. It does not follow links: a dangling
 * one is in the way too.
 */
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

function pathError(file: string, reason: string, cause?: unknown): FileError {
  return new FileError(`cannot look for the ledger ${file}: ${reason}`, { cause });
}
