import { systemRandom } from "../../src/random.ts";
import { makeCertificates } from "../../src/pki/make_certificates.ts";
import { atMs } from "./certificate_maker.ts";
import { clockAt } from "./test_time.ts";

/** Runs `action` with the path of a temporary folder, and removes the folder afterwards. */
export async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the usual options of the tests: for this machine, at noon of the tests' day. */
export function makeOptions(folder: string, { ms = atMs, days = 365 } = {}) {
  return { folder, hosts: ["localhost"], days, clock: clockAt(ms), random: systemRandom };
}

/** Makes certificates in the folder. */
export function make(folder: string, options: { ms?: number; days?: number } = {}) {
  return makeCertificates(makeOptions(folder, options));
}

/** Returns the name and text of each file in the folder, without the empty file of its lock. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (name === ".lock") continue;
    texts[name] = isFile ? await Deno.readTextFile(`${folder}/${name}`) : "not a file";
  }
  return texts;
}
