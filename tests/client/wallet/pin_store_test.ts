/**
 * Which ledgers are trusted is kept privately, an address at a time, and refused where it is damaged.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { PinStore } from "../../../src/client/wallet/pin_store.ts";
import { FileError } from "../../../src/errors.ts";
import type { TrustAnchor } from "../../../src/pki/trust_anchor.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { startServer } from "../../server/test_server.ts";
import { modeOf } from "./file_mode.ts";

const address = "127.0.0.1:1";
const replace = { replace: true };
const keep = { replace: false };

async function withLedgers(
  use: (data: DataFolder, ledgers: { first: TrustAnchor; second: TrustAnchor }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await using one = await startServer();
    await using other = await startServer();
    await use(new DataFolder(`${folder}/home`), { first: one.anchor, second: other.anchor });
  });
}

Deno.test("pins: each address has its own, kept in a file of mode 0600 in a folder of mode 0700", async () => {
  await withLedgers(async (data, { first, second }) => {
    const pins = new PinStore(data);
    assertEquals(await pins.get(address), undefined);
    await pins.set(address, first, keep);
    await pins.set("[::1]:1", second, keep);
    const again = new PinStore(data);
    const asked = [address, "[::1]:1", "127.0.0.1:2", "__proto__", "toString", "../CA"];
    const found = await Promise.all(asked.map((server) => again.get(server)));
    const none = undefined;
    assertEquals(found, [first.fingerprint, second.fingerprint, none, none, none, none]);
    const modes = [data.path, data.pinsFolder(), await pins.file(address)].map(modeOf);
    assertEquals(await Promise.all(modes), [0o700, 0o700, 0o600]);
  });
});

Deno.test("pins: what is pinned stays, unless it is to be replaced", async () => {
  await withLedgers(async (data, { first, second }) => {
    const pins = new PinStore(data);
    assertEquals(await pins.set(address, first, keep), first.fingerprint);
    assertEquals(await pins.set(address, second, keep), first.fingerprint);
    assertEquals(await pins.get(address), first.fingerprint);
    assertEquals(await pins.set(address, second, replace), second.fingerprint);
    assertEquals(await pins.get(address), second.fingerprint);
  });
});

Deno.test("pins: of many that are set at once none is lost, and for one address one wins, and all are told which", async () => {
  await withLedgers(async (data, { first, second }) => {
    const ledgers = [first, second];
    const told = await Promise.all(
      ledgers.map((ledger) => new PinStore(data).set(address, ledger, keep)),
    );
    assertEquals(told[0], told[1]);
    const addresses = Array.from({ length: 20 }, (_, port) => `localhost:${port + 1}`);
    await Promise.all(
      addresses.map((server, at) => new PinStore(data).set(server, ledgers[at % 2]!, keep)),
    );
    const pins = new PinStore(data);
    assertEquals(await pins.get(address), told[0]);
    for (const [at, server] of addresses.entries()) {
      assertEquals(await pins.get(server), ledgers[at % 2]!.fingerprint);
    }
  });
});

Deno.test("pins: a ledger is known once it was pinned anywhere, and no other is", async () => {
  await withLedgers(async (data, { first, second }) => {
    const pins = new PinStore(data);
    assertEquals(await pins.isKnown(first), false);
    await pins.set(address, first, keep);
    assertEquals([await pins.isKnown(first), await pins.isKnown(second)], [true, false]);
    // What lies under its name is another's.
    await Deno.writeTextFile(data.caFile(first.fingerprint), second.pem);
    assertEquals(await pins.isKnown(first), false);
  });
});

Deno.test("pins: an empty file, as a full disk leaves one, is none", async () => {
  await withLedgers(async (data, { first }) => {
    const pins = new PinStore(data);
    await pins.set(address, first, keep);
    await Deno.writeTextFile(await pins.file(address), "");
    assertEquals(await pins.get(address), undefined);
    assertEquals(await pins.set(address, first, keep), first.fingerprint);
    assertEquals(await pins.get(address), first.fingerprint);
  });
});

const digits = "a".repeat(64);
const damaged = {
  "half a file": `{"server":"${address}","led`,
  "a list": "[]",
  "a fingerprint that is too short": `{"server":"${address}","ledger":"${digits.slice(1)}"}`,
  "a fingerprint in capitals": `{"server":"${address}","ledger":"${digits.toUpperCase()}"}`,
  "a number": `{"server":"${address}","ledger":1}`,
  "the pin of another address": `{"server":"127.0.0.1:2","ledger":"${digits}"}`,
  "a ledger twice": `{"server":"${address}","ledger":"${digits}","ledger":"${digits}"}`,
};

for (const [title, text] of Object.entries(damaged)) {
  Deno.test(`pins: ${title} is refused, neither believed nor written over`, async () => {
    await withLedgers(async (data, { first }) => {
      const pins = new PinStore(data);
      await pins.set("localhost:1", first, keep);
      const path = await pins.file(address);
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => pins.get(address),
        FileError,
        "remove it to pin anew",
      );
      assert(error.message.includes(path));
      await assertRejects(() => pins.set(address, first, replace), FileError, "remove it");
      assertEquals(await Deno.readTextFile(path), text);
      // And it is of no consequence for another address.
      assertEquals(await pins.get("localhost:1"), first.fingerprint);
    });
  });
}
