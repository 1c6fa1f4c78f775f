/**
 * What a wallet needs of a disk. It is passed in, so that a simulation can own it. Every file is
 * text.
 */
import {
  attempting,
  type FileAccess,
  makeFolder,
  readTextIfThere,
  renameIfThere,
  replaceFile,
  syncFolder,
  unlessMissing,
} from "../../durable_files.ts";
import { dirname } from "node:path";
import { whileLocked } from "../../sqlite/file_lock.ts";

/** A method throws a `FileError`, which names the path, when the disk does not do what is asked. */
export interface Disk {
  /**
   * @returns the file's text, or `undefined` when it is missing or empty. A wallet writes no empty
   * file, and a full disk or a power cut can leave one
   */
  readText(path: string): Promise<string | undefined>;
  /** @returns the names in a folder, in no order; none when there is no folder */
  names(path: string): Promise<string[]>;
  /**
   * Makes a folder that only this user can open, and those above it. An existing one stays as it
   * is.
   */
  makeFolder(path: string): Promise<void>;
  /**
   * Writes a file so that at any moment, power cuts included, it has its old text or the new one.
   */
  writeWhole(path: string, text: string, access: FileAccess): Promise<void>;
  /** Renames a file. Does nothing when it does not exist. */
  rename(from: string, to: string): Promise<void>;
  /** Runs an action while no other one runs under the same path, in this process or another. */
  locked<Result>(path: string, action: () => Promise<Result>): Promise<Result>;
}

/** The machine's disk. */
export const systemDisk: Disk = {
  readText: (path) => run(`read ${path}`, () => readTextIfThere(path) || undefined),
  names: (path) =>
    run(
      `look into ${path}`,
      () => unlessMissing(() => [...Deno.readDirSync(path)].map(({ name }) => name)) ?? [],
    ),
  makeFolder: (path) => run(`make the folder ${path}`, () => makeFolder(path)),
  writeWhole: (path, text, access) => run(`write ${path}`, () => replaceFile(path, text, access)),
  rename: (from, to) =>
    run(`rename ${from}`, () => {
      renameIfThere(from, to);
      syncFolder(dirname(to));
    }),
  locked: whileLocked,
};

function run<Result>(attempt: string, action: () => Result): Promise<Result> {
  return new Promise((resolve) => resolve(attempting(attempt, action)));
}
