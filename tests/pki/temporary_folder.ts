import { systemRandom } from "../../src/random.ts";
import { makeCertificates } from "../../src/pki/make_certificates.ts";
import { atMs } from "./certificate_maker.ts";
import { clockAt } from "./test_time.ts";

/** Runs `action` with the path of a folder that is removed afterwards. */
export async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How certificates are made in tests: for this machine, at noon of the tests' day unless told otherwise. */
export function makeOptions(folder: string, { ms = atMs, days = 365 } = {}) {
  return { folder, hosts: ["localhost"], days, clock: clockAt(ms), random: systemRandom };
}

/** Makes certificates there. */
export function make(folder: string, options: { ms?: number; days?: number } = {}) {
  return makeCertificates(makeOptions(folder, options));
}

/** Name and text of everything in the folder. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    texts[name] = isFile ? await Deno.readTextFile(`${folder}/${name}`) : "not a file";
  }
  return texts;
}
