/**
 * A wallet whose process is killed, or whose disk is full, at any change. The same command, run
 * again, succeeds.
 */
import { assert, assertEquals } from "@std/assert";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { type Application, IdentityStore } from "../../../src/client/wallet/identity_store.ts";
import { systemDisk } from "../../../src/client/wallet/disk.ts";
import { KeyOpener } from "../../../src/client/wallet/key_opener.ts";
import { PinStore } from "../../../src/client/wallet/pin_store.ts";
import { systemClock } from "../../../src/clock.ts";
import { FileError, PassphraseError } from "../../../src/errors.ts";
import { systemRandom } from "../../../src/random.ts";
import { deriveQuickly } from "../../pki/quick_derivation.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { CutOffDisk } from "./cut_off_disk.ts";

const alice = named("alice");

const passphraseChanges = [
  ["setting a passphrase", undefined, "correct horse"],
  ["changing a passphrase", "correct horse", "battery staple"],
  ["removing a passphrase", "correct horse", undefined],
] as const;

/**
 * Issues certificates as a server does: to an account's key, and once to another key after
 * `reissue`.
 */
class Registrar {
  readonly #server: TestServer;
  #key: string | undefined;

  constructor(server: TestServer) {
    this.#server = server;
  }

  reissue(): void {
    this.#key = undefined;
  }

  /** Whether a key is the account's, so that there is nothing left to do. */
  knows(keyFingerprint: string | undefined): boolean {
    return this.#key !== undefined && keyFingerprint === this.#key;
  }

  issue({ request }: Application): Uint8Array<ArrayBuffer> {
    this.#key ??= request.publicKey.fingerprint;
    assertEquals(request.publicKey.fingerprint, this.#key, "the server knows another key by now");
    const { name, publicKey } = request;
    const atMs = systemClock.nowMs();
    const { authority } = this.#server;
    return authority.issueMember({ name, publicKey, atMs, random: systemRandom });
  }
}

/**
 * Runs an action on a disk that fails at its first change, then at its second, until the action
 * needs no more changes.
 */
async function cutOffEverywhere(
  prepare: (folder: string) => Promise<(cutOff: CutOffDisk) => Promise<void>>,
  { changesMin }: { readonly changesMin: number },
): Promise<void> {
  for (const isDone of [false, true]) {
    for (let last = 1;; last++) {
      const cutOff = new CutOffDisk(last, { isDone });
      await inFolder(async (folder) => {
        const act = await prepare(folder);
        const first = await act(cutOff).then(() => undefined, (error) => error);
        if (cutOff.changes >= last) assert(first instanceof FileError, String(first));
        await act(new CutOffDisk(Infinity, { isDone }));
      });
      if (cutOff.changes >= last) continue;
      assert(last > changesMin, `only ${last - 1} changes`);
      break;
    }
  }
}

Deno.test("cut off: a registration ends well the next time, with the key that the server knows", async () => {
  await using server = await startServer();
  await cutOffEverywhere((folder) => {
    const registrar = new Registrar(server);
    return Promise.resolve(async ({ disk }) => {
      await register(new IdentityStore(new DataFolder(folder, disk), server.anchor), registrar);
    });
  }, { changesMin: 4 });
});

Deno.test("cut off: the next run completes a key's replacement, with the key that the server knows", async () => {
  await using server = await startServer();
  await cutOffEverywhere(async (folder) => {
    const registrar = new Registrar(server);
    await register(new IdentityStore(new DataFolder(folder), server.anchor), registrar);
    registrar.reissue();
    return async ({ disk }) => {
      const identities = new IdentityStore(new DataFolder(folder, disk), server.anchor);
      const there = await identities.load(alice, { atMs: systemClock.nowMs() });
      if (registrar.knows(there?.certificate.publicKey.fingerprint)) return;
      await register(identities, registrar, { anew: true });
    };
  }, { changesMin: 7 });
});

for (const [what, before, after] of passphraseChanges) {
  Deno.test(`cut off: ${what} leaves the old key file or the new one`, async () => {
    using _quick = deriveQuickly();
    await using server = await startServer();
    await cutOffEverywhere(async (folder) => {
      const storeOf = (passphrase: string | undefined, disk = systemDisk) =>
        new IdentityStore(
          new DataFolder(folder, disk),
          server.anchor,
          new KeyOpener(passphrase === undefined ? undefined : () => Promise.resolve(passphrase)),
        );
      await register(storeOf(undefined), new Registrar(server));
      if (before !== undefined) await storeOf(undefined).protect(alice, before);
      const atMs = systemClock.nowMs();
      const opens = (passphrase: string | undefined) =>
        storeOf(passphrase).load(alice, { atMs }).then(
          (identity) => identity !== undefined,
          (error) => {
            assert(error instanceof PassphraseError);
            return false;
          },
        );
      return async ({ disk }) => {
        const current = await opens(after) ? after : before;
        await storeOf(current, disk).protect(alice, after).catch(async (error) => {
          assert(await opens(before) || await opens(after));
          throw error;
        });
        assert(await opens(after));
      };
    }, { changesMin: 1 });
  });
}

Deno.test("cut off: an address is pinned the next time", async () => {
  await using server = await startServer();
  await cutOffEverywhere((folder) =>
    Promise.resolve(async (cutOff) => {
      const data = new DataFolder(folder, cutOff.disk);
      const store = new SqliteWalletStore(data.walletFile());
      const pins = new PinStore(data, cutOff.storeOn(store));
      await pins.set("127.0.0.1:1", server.anchor, { replace: false });
      assertEquals(await pins.get("127.0.0.1:1"), server.anchor.fingerprint);
      store.close();
    }), { changesMin: 3 });
});

async function register(
  identities: IdentityStore,
  registrar: Registrar,
  options: { readonly anew?: boolean } = {},
): Promise<void> {
  const application = await identities.apply(alice, options);
  const atMs = systemClock.nowMs();
  await identities.complete(application, await registrar.issue(application), { atMs });
  const identity = await identities.load(alice, { atMs });
  const { fingerprint: keyFingerprint } = application.request.publicKey;
  assertEquals(identity?.certificate.publicKey.fingerprint, keyFingerprint);
}
