/**
 * Making what was done to a folder survive a power cut: a new name in it, or one that was changed. What is in a file is on the disk when
 * the file was synchronized; under which name, when its folder was.
 *
 * Neither throws. Not every system opens folders, and not every file system can do this for one; the files themselves are on the disk, and
 * that is all that can be done then.
 */

export async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // See above.
  }
}

/** {@link syncFolder} for whoever cannot wait in the middle of something. */
export function syncFolderNow(path: string): void {
  try {
    using folder = Deno.openSync(path);
    folder.syncSync();
  } catch {
    // See above.
  }
}
