/**
 * A disk whose file system turns read-only while files on it are open, as after an I/O error. It
 * needs Linux, root and a machine that can mount an image.
 */
import { succeeds } from "../command_succeeds.ts";

export interface ReadOnlyDisk extends AsyncDisposable {
  readonly folder: string;
  /** From now on every write fails, also to what is open. */
  turnReadOnly(): Promise<void>;
  /** Checks the file system and mounts it anew. Nothing on it may be open. */
  repair(): Promise<void>;
}

const bytes = 64 * 1024 * 1024;

/** @returns `undefined` where there can be none */
export async function mountReadOnlyDisk(): Promise<ReadOnlyDisk | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  const image = await Deno.makeTempFile({ prefix: "micropay-image-" });
  await Deno.truncate(image, bytes);
  const folder = await Deno.makeTempDir({ prefix: "micropay-disk-" });
  const mount = () => succeeds(["mount", "-o", "loop,errors=remount-ro", image, folder]);
  const disk: ReadOnlyDisk = {
    folder,
    turnReadOnly: async () => await Deno.writeTextFile(await errorTrigger(folder), "1"),
    async repair() {
      const isMounted = await succeeds(["umount", folder]) &&
        await succeeds(["sh", "-c", `fsck.ext4 -fy "$0" || test $? -le 2`, image]) && await mount();
      if (!isMounted) throw new Error(`cannot repair ${folder}`);
    },
    async [Symbol.asyncDispose]() {
      // Lazily: a test that failed may have left a ledger open there.
      await succeeds(["umount", "-l", folder]);
      await Deno.remove(folder);
      await Deno.remove(image);
    },
  };
  if (await succeeds(["mkfs.ext4", "-q", image]) && await mount()) return disk;
  await disk[Symbol.asyncDispose]();
  return undefined;
}

/** Where the kernel is told to treat the file system that is mounted there as one with an error. */
async function errorTrigger(folder: string): Promise<string> {
  const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n");
  const device = mounts.find((line) => line.split(" ")[1] === folder)!.split(" ")[0]!;
  return `/sys/fs/ext4/${device.replace("/dev/", "")}/trigger_fs_error`;
}
