/**
 * What a wallet needs of a disk. Passed in everywhere, so that a simulation can own it. Everything is text, and private to its user
 * unless it says otherwise.
 */
import { dirname } from "node:path";
import { FileError, messageOf } from "../../errors.ts";
import { syncFolder } from "../../sync_folder.ts";

/** Who may read a file: only this user, or everybody. */
export type FileAccess = "private" | "public";

/** Every method throws `FileError`, which names the path, when the disk does not do what is asked. */
export interface Disk {
  /**
   * @returns the file's text, or `undefined` when there is none. An empty file counts as none: a wallet writes no empty file, and a full
   * disk or a power cut can leave one
   */
  readText(path: string): Promise<string | undefined>;
  /** @returns the names in a folder, in no order; none when there is no folder */
  names(path: string): Promise<string[]>;
  /** Makes a folder that only this user can look into, with the folders above it; a power cut does not take them. Harmless when it is there. */
  makeFolder(path: string): Promise<void>;
  /** Writes a file so that at any moment, power cuts included, either the old content or the new is there. */
  writeWhole(path: string, text: string, access: FileAccess): Promise<void>;
  /** Harmless when there is none. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Runs an action while nobody else, in this process or another, runs one under the same path. Let go of when its holder ends, in whatever way. */
  locked<Result>(path: string, action: () => Promise<Result>): Promise<Result>;
}

/** The machine's disk. */
export const systemDisk: Disk = {
  readText: (path) =>
    naming(`read ${path}`, async () => {
      return await ifThere(() => Deno.readTextFile(path), undefined) || undefined;
    }),

  names: (path) =>
    naming(`look into ${path}`, () =>
      ifThere(async () => {
        const names: string[] = [];
        for await (const { name } of Deno.readDir(path)) names.push(name);
        return names;
      }, [])),

  makeFolder: (path) => naming(`make the folder ${path}`, () => makeFolder(path)),

  writeWhole: (path, text, access) =>
    naming(`write ${path}`, () => writeWhole(path, text, access === "private" ? 0o600 : 0o644)),

  rename: (from, to) =>
    naming(`rename ${from}`, async () => {
      await ifThere(() => Deno.rename(from, to), undefined);
      await syncFolder(dirname(to));
    }),

  remove: (path) => naming(`remove ${path}`, () => Deno.remove(path)),

  async locked(path, action) {
    const attempt = `lock ${path}`;
    using file = await naming(
      attempt,
      () => Deno.open(path, { write: true, create: true, mode: 0o600 }),
    );
    await naming(attempt, () => file.lock(true));
    return await action();
  },
};

async function naming<Result>(attempt: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    throw new FileError(`${attempt}: ${messageOf(cause)}`, { cause });
  }
}

async function ifThere<Result, Missing>(
  action: () => Promise<Result>,
  missing: Missing,
): Promise<Result | Missing> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return missing;
    throw error;
  }
}

/** One after the other from above, each on the disk before there is something in it. Where it is there already, which is mostly, this costs nothing. */
async function makeFolder(path: string): Promise<void> {
  const there = await ifThere(() => Deno.stat(path), undefined);
  if (there?.isDirectory) return;
  await makeFolder(dirname(path));
  // Recursive for the sake of another process that makes it at the same time.
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(path));
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  // Made with 0600 and a name of its own: two clients writing one file do not write into each other's half.
  const temporary = await Deno.makeTempFile({ dir: dirname(path), prefix: ".new-" });
  try {
    using file = await Deno.open(temporary, { write: true });
    for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
      rest = rest.subarray(await file.write(rest));
    }
    await file.sync();
    await Deno.chmod(temporary, mode);
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
