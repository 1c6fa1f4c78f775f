/**
 * The contract of every disk of a wallet (`src/client/wallet/disk.ts`): the machine's disk and a
 * simulation's disk.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { type Disk, systemDisk } from "../../../src/client/wallet/disk.ts";
import { FileError } from "../../../src/errors.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { Dice } from "../../simulation/dice.ts";
import { SimulatedDisk } from "../../simulation/simulated_disk.ts";
import { SimulatedMachine, SimulatedProcess } from "../../simulation/simulated_process.ts";
import { Timeline } from "../../simulation/timeline.ts";

/** @param folder is there, and empty */
type Use = (disk: Disk, folder: string) => Promise<void>;

const disks: Readonly<Record<string, (use: Use) => Promise<void>>> = {
  "the machine's disk": (use) => inFolder((folder) => use(systemDisk, folder)),
  "a simulated disk": async (use) => {
    const timeline = new Timeline({ endMs: 60_000 });
    const process = new SimulatedProcess(new SimulatedMachine("10.0.0.1", timeline));
    const disk = new SimulatedDisk(new Dice(1)).of(process);
    const whole = async () => {
      await disk.makeFolder("/home");
      await use(disk, "/home");
    };
    await timeline.until(whole());
  },
};

const rows: Readonly<Record<string, Use>> = {
  "a file reads as it was written last": async (disk, folder) => {
    assertEquals(await disk.readText(`${folder}/file`), undefined);
    await disk.writeWhole(`${folder}/file`, "one", "private");
    await disk.writeWhole(`${folder}/file`, "two", "public");
    assertEquals(await disk.readText(`${folder}/file`), "two");
  },
  "an empty file reads like none": async (disk, folder) => {
    await disk.writeWhole(`${folder}/file`, "", "private");
    assertEquals(await disk.names(folder), ["file"]);
    assertEquals(await disk.readText(`${folder}/file`), undefined);
  },
  "nothing is written where there is no folder": async (disk, folder) => {
    const path = `${folder}/none/file`;
    await assertRejects(() => disk.writeWhole(path, "", "private"), FileError, `write ${path}: `);
  },
  "a folder is made with those above it, and is not touched when it is there": async (
    disk,
    folder,
  ) => {
    const path = `${folder}/a/b/c`;
    await disk.makeFolder(path);
    await disk.writeWhole(`${path}/file`, "kept", "private");
    await disk.makeFolder(path);
    await disk.makeFolder(`${folder}/a`);
    assertEquals(await disk.readText(`${path}/file`), "kept");
    assertEquals(await disk.names(`${folder}/a`), ["b"]);
  },
  "a folder's names are those of its files and folders, and there are none without it": async (
    disk,
    folder,
  ) => {
    await disk.makeFolder(`${folder}/b`);
    await disk.writeWhole(`${folder}/b/inside`, "", "private");
    await disk.writeWhole(`${folder}/a`, "", "private");
    assertEquals((await disk.names(folder)).sort(), ["a", "b"]);
    assertEquals(await disk.names(`${folder}/none`), []);
  },
  "a file gets another name, over one that has it; one that is not there does not": async (
    disk,
    folder,
  ) => {
    await disk.writeWhole(`${folder}/from`, "new", "private");
    await disk.writeWhole(`${folder}/to`, "old", "private");
    await disk.rename(`${folder}/from`, `${folder}/to`);
    await disk.rename(`${folder}/from`, `${folder}/to`);
    assertEquals(await disk.names(folder), ["to"]);
    assertEquals(await disk.readText(`${folder}/to`), "new");
  },
  "under a lock one action runs at a time, whatever the ones before came to": async (
    disk,
    folder,
  ) => {
    const seen: string[] = [];
    const locked = (name: string) =>
      disk.locked(`${folder}/.lock`, async () => {
        seen.push(`${name} begins`);
        await disk.writeWhole(`${folder}/file`, name, "private");
        seen.push(`${name} ends`);
        if (name === "one") throw new TypeError("one failed");
      });
    const [one] = await Promise.allSettled([locked("one"), locked("two"), locked("three")]);
    assertEquals(one!.status, "rejected");
    assertEquals(seen.length, 6);
    for (let at = 0; at < 6; at += 2) {
      assertEquals(seen[at + 1], seen[at]!.replace("begins", "ends"));
    }
  },
};

for (const [kind, open] of Object.entries(disks)) {
  for (const [title, use] of Object.entries(rows)) {
    Deno.test(`${kind}: ${title}`, () => open(use));
  }
}
