import { succeeds } from "../../command_succeeds.ts";

/** A file system of a given size, on machines that can mount one: Linux, as root. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Makes it read-only, or writable again. No file may be open for writing. */
  setReadOnly(readOnly: boolean): Promise<void>;
}

/** @returns `undefined` on machines that cannot mount it */
export async function mountSmallDisk(size: string): Promise<SmallDisk | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  const folder = await Deno.makeTempDir({ prefix: "micropay-disk-" });
  if (!await succeeds(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder])) {
    await Deno.remove(folder);
    return undefined;
  }
  return {
    folder,
    async setReadOnly(readOnly) {
      const mode = `remount,${readOnly ? "ro" : "rw"}`;
      if (!await succeeds(["mount", "-o", mode, folder])) throw new Error(`cannot ${mode}`);
    },
    async [Symbol.asyncDispose]() {
      // Lazily, because a failed test may have left a ledger open.
      await succeeds(["umount", "-l", folder]);
      await Deno.remove(folder);
    },
  };
}
