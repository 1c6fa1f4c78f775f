/**
 * The full-screen client without its picture, on a real server whose address stays when it is
 * started again.
 */
import { Wallet } from "../../../../src/client/wallet.ts";
import { DataFolder } from "../../../../src/client/wallet/data_folder.ts";
import type { Member } from "../../../../src/client/member.ts";
import type { Key } from "../../../../src/cli/client/screen/key.ts";
import { ScreenDriver } from "../../../../src/cli/client/screen/screen_driver.ts";
import type { ScreenState } from "../../../../src/cli/client/screen/screen_state.ts";
import { systemRandom } from "../../../../src/random.ts";
import type { Network } from "../../../../src/transport/byte_stream.ts";
import type { LineObserver } from "../../../../src/transport/channel.ts";
import { tcpNetwork } from "../../../../src/transport/tcp_network.ts";
import { memberOf } from "../../../client/test_member.ts";
import { MemoryWalletStore } from "../../../client/wallet/memory_wallet_store.ts";
import { ManualClock } from "../../../manual_clock.ts";
import { inFolder } from "../../../pki/temporary_folder.ts";
import { keepOpen } from "../../../server/kept_ledger.ts";
import {
  sessionKey,
  startServer,
  type TestServer,
  type TestServerOptions,
} from "../../../server/test_server.ts";
import { waitUntil } from "../../../server/wait_until.ts";

export interface ScreenScene {
  readonly driver: ScreenDriver;
  /** The lines for after the screen, when the person has left. */
  readonly left: Promise<readonly string[]>;
  readonly clock: ManualClock;
  /** A member who pays through the server. */
  readonly bob: Member;
  /** How often the client has begun to connect, and to listen for peers. */
  readonly opened: { readonly connections: number; readonly listeners: number };
  server(): TestServer;
  /** Stops the server. */
  stop(): Promise<void>;
  /** Starts another one, with the same ledger or with a new one. */
  start(options?: { readonly isOtherLedger: boolean }): Promise<void>;
  /** Types a text into the field that takes the keys. */
  type(text: string): void;
  press(...names: Exclude<Key["name"], "text">[]): void;
  /** Presses single keys with a character each. */
  keys(characters: string): void;
  until(condition: (state: ScreenState) => boolean): Promise<ScreenState>;
}

export interface ScreenSceneOptions {
  /** The ledger and its keys; all are new when absent. */
  readonly server?: Pick<TestServerOptions, "ledger" | "authority" | "identity">;
  /** Writes an identity into the client's folder. Without one, the client is a new user's. */
  readonly prepare?: (folder: string) => Promise<unknown>;
  /** The wallet is opened when this resolves. */
  readonly opening?: Promise<void>;
  /** Sees each line between the client and the server. */
  readonly observe?: LineObserver;
}

/** Runs the client, by default as a new user, who is asked for a name. Ends it afterwards. */
export async function withScreen(
  act: (scene: ScreenScene) => Promise<void>,
  { server: given, prepare, opening, observe: observeLine }: ScreenSceneOptions = {},
): Promise<void> {
  await inFolder(async (folder) => {
    await prepare?.(folder);
    let server = await startServer({ ...given, wrap: keepOpen });
    const { ledger, authority, identity } = server;
    const started = { ledger, authority, identity, wrap: keepOpen };
    const clock = new ManualClock(Date.now());
    const opened = { connections: 0, listeners: 0 };
    const network: Network = {
      // The server's address of the client is only a name here.
      connect: ({ host, port }, options) => {
        opened.connections++;
        return tcpNetwork.connect(port === 1 ? server.endpoint : { host, port }, options);
      },
      listen: ({ port }) => {
        opened.listeners++;
        return tcpNetwork.listen({ host: "127.0.0.1", port });
      },
    };
    const driver = new ScreenDriver({
      server: "127.0.0.1:1",
      openWallet: async ({ askPassphrase, observe, onWaiting }) => {
        await opening;
        return new Wallet({
          servers: [{ host: "127.0.0.1", port: 1 }],
          folder: new DataFolder(folder),
          trust: { ca: { pem: authority.anchor.pem, path: "CA.pem" } },
          timeoutMs: 20_000,
          ...{ askPassphrase, onWaiting },
          observe: (...line) => {
            observeLine?.(...line);
            observe?.(...line);
          },
        }, {
          ...{ network, clock, random: systemRandom, store: new MemoryWalletStore() },
          makeSessionKey: () => Promise.resolve(sessionKey),
        });
      },
      address: { port: 0, servers: [{ host: "127.0.0.1", port: 1 }] },
      typed: (words) => `micropay client ${words}`,
      verbose: false,
      knownPeers: () => Promise.resolve(["carol"]),
      clock,
      random: systemRandom,
    });
    const bob = await memberOf(server, await server.enroll("bob"));
    const left = driver.run();
    const until = async (condition: (state: ScreenState) => boolean) => {
      const what = () => `${condition}: ${JSON.stringify(driver.state)}`.slice(0, 2000);
      await waitUntil(() => condition(driver.state)).catch(() => Promise.reject(new Error(what())));
      return driver.state;
    };
    const scene: ScreenScene = {
      ...{ driver, left, clock, bob, opened, until },
      server: () => server,
      stop: () => server[Symbol.asyncDispose](),
      start: async ({ isOtherLedger } = { isOtherLedger: false }) => {
        server = await startServer(isOtherLedger ? {} : started);
      },
      type: (text) => driver.press([{ name: "text", text }]),
      press: (...names) => driver.press(names.map((name) => ({ name }))),
      keys: (characters) => driver.press([...characters].map((text) => ({ name: "text", text }))),
    };
    try {
      await act(scene);
    } finally {
      driver.close();
      await left.catch(() => {});
      await bob.abandon();
      await server[Symbol.asyncDispose]();
    }
  });
}

/** Registers alice, who is logged in then. */
export async function registerAlice({ driver, press, type, until }: ScreenScene): Promise<void> {
  await until(({ overlay }) => overlay?.kind === "form" && overlay.form.name === "register");
  type("alice");
  press("enter", "enter");
  await until(({ account, overlay }) => account === "alice" && overlay === undefined);
  await until(({ activity }) => activity.rows.length > 0);
  if (driver.state.notice?.kind === "failed") throw new Error(driver.state.notice.text);
}
