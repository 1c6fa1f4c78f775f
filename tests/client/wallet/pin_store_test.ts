/**
 * Pins, and which ledgers are known.
 */
import { assertEquals } from "@std/assert";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { PinStore } from "../../../src/client/wallet/pin_store.ts";
import type { TrustAnchor } from "../../../src/pki/trust_anchor.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { startServer } from "../../server/test_server.ts";
import { modeOf } from "./file_mode.ts";
import { KeptWallet, MemoryWalletStore } from "./memory_wallet_store.ts";

const address = "127.0.0.1:1";
const keep = { replace: false };

interface Scene {
  /** As another process opens them. */
  readonly open: () => PinStore;
  readonly data: DataFolder;
  readonly first: TrustAnchor;
  readonly second: TrustAnchor;
}

async function withLedgers(use: (scene: Scene) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await using one = await startServer();
    await using other = await startServer();
    const data = new DataFolder(`${folder}/home`);
    const kept = new KeptWallet();
    const open = () => new PinStore(data, new MemoryWalletStore(kept));
    await use({ open, data, first: one.anchor, second: other.anchor });
  });
}

Deno.test("pins: what is pinned stays, unless it is to be replaced, and the folder is its owner's alone", async () => {
  await withLedgers(async ({ open, data, first, second }) => {
    assertEquals(await open().get(address), undefined);
    assertEquals(await open().set(address, first, keep), first.fingerprint);
    assertEquals(await open().set(address, second, keep), first.fingerprint);
    assertEquals(await open().get(address), first.fingerprint);
    assertEquals(await open().set(address, second, { replace: true }), second.fingerprint);
    assertEquals(await open().get(address), second.fingerprint);
    const folders = [data.path, data.ledgerFolder(first.fingerprint)].map(modeOf);
    assertEquals(await Promise.all(folders), [0o700, 0o700]);
  });
});

Deno.test("pins: a ledger is known once it was pinned anywhere, and no other is", async () => {
  await withLedgers(async ({ open, data, first, second }) => {
    const pins = open();
    assertEquals(await pins.isKnown(first), false);
    await pins.set(address, first, keep);
    // Another ledger is pinned for this address, so this one is not trusted.
    await pins.set(address, second, keep);
    assertEquals([await pins.isKnown(first), await pins.isKnown(second)], [true, false]);
    // What lies under its name is another's.
    await Deno.writeTextFile(data.caFile(first.fingerprint), second.pem);
    assertEquals(await pins.isKnown(first), false);
  });
});
