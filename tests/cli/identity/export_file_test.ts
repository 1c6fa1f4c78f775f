/**
 * An encrypted export is parsed only when its header is small and takes little memory.
 */
import { assertRejects } from "@std/assert";
import { openExport } from "../../../src/cli/identity/export_file.ts";
import type { Passphrases } from "../../../src/cli/passphrase.ts";
import { FileError } from "../../../src/errors.ts";
import { inFolder } from "../../pki/temporary_folder.ts";

const first = "age-encryption.org/v1\n";
const stanza = (factor: number) => `-> scrypt ${"A".repeat(22)} ${factor}\n${"A".repeat(43)}\n`;
const last = `--- ${"A".repeat(43)}\n`;

const refusals: readonly (readonly [what: string, text: string, reason: string])[] = [
  ["without an end", first + "-> X a\n\n".repeat(600_000), "not encrypted with one passphrase"],
  ["with two passphrases", first + stanza(17) + stanza(17) + last, "not encrypted with one"],
  ["with a work factor of 2^19", first + stanza(19) + last, "takes more than 268435456 bytes"],
];

for (const [what, text, reason] of refusals) {
  Deno.test(`import: a header ${what} is refused before anybody is asked for a passphrase`, () =>
    inFolder(async (folder) => {
      const file = `${folder}/alice.age`;
      await Deno.writeTextFile(file, text);
      const ask = () => Promise.reject(new Error("it asks"));
      const passphrases = { current: ask, ofKey: ask } as unknown as Passphrases;
      await assertRejects(() => openExport(file, passphrases), FileError, reason);
    }));
}

Deno.test("import: a header with one passphrase is parsed", () =>
  inFolder(async (folder) => {
    const file = `${folder}/alice.age`;
    await Deno.writeTextFile(file, first + stanza(17) + last);
    const ask = () => Promise.reject(new Error("it asks"));
    const passphrases = { current: ask, ofKey: ask } as unknown as Passphrases;
    await assertRejects(() => openExport(file, passphrases), Error, "it asks");
  }));
