/**
 * Which ledgers are trusted is kept privately, and refused where it is damaged.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../src/client/data_folder.ts";
import { PinStore } from "../../src/client/pin_store.ts";
import { FileError } from "../../src/errors.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { modeOf } from "./file_mode.ts";

const [first, second] = ["a".repeat(64), "b".repeat(64)];

Deno.test("pins: each address has its own, kept in a file of mode 0600 in a folder of mode 0700", async () => {
  await inFolder(async (folder) => {
    const data = new DataFolder(`${folder}/home`);
    const pins = new PinStore(data);
    assertEquals(await pins.get("127.0.0.1:1"), undefined);
    await pins.set("127.0.0.1:1", first);
    await pins.set("[::1]:1", second);
    await pins.set("127.0.0.1:1", second);
    const again = new PinStore(data);
    const asked = ["127.0.0.1:1", "[::1]:1", "127.0.0.1:2", "__proto__", "toString"];
    const found = await Promise.all(asked.map((server) => again.get(server)));
    assertEquals(found, [second, second, undefined, undefined, undefined]);
    assertEquals([await modeOf(data.path), await modeOf(data.pinsFile())], [0o700, 0o600]);
  });
});

const damaged = {
  "an empty file": "",
  "half a file": '{"127.0.0.1:1":"aa',
  "a list": "[]",
  "a fingerprint that is too short": `{"127.0.0.1:1":"${first.slice(1)}"}`,
  "a fingerprint in capitals": `{"127.0.0.1:1":"${first.toUpperCase()}"}`,
  "a number": '{"127.0.0.1:1":1}',
  "an address twice": `{"a:1":"${first}","a:1":"${second}"}`,
};

for (const [title, text] of Object.entries(damaged)) {
  Deno.test(`pins: ${title} is refused, neither believed nor written over`, async () => {
    await inFolder(async (folder) => {
      const data = new DataFolder(folder);
      await Deno.writeTextFile(data.pinsFile(), text);
      const pins = new PinStore(data);
      await assertRejects(() => pins.get("127.0.0.1:1"), FileError, "remove it to pin anew");
      await assertRejects(() => pins.set("127.0.0.1:1", first), FileError, "remove it");
      assertEquals(await Deno.readTextFile(data.pinsFile()), text);
    });
  });
}
