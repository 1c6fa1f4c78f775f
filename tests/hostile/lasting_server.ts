/** A server whose ledger is a file, so that it can stop and start again on what it wrote. */
import type { ServerLink } from "../../src/client/server_link.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import {
  makeAuthority,
  serverIdentity,
  startServer,
  type TestServer,
  type TestServerOptions,
} from "../server/test_server.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";

export class LastingServer {
  readonly #file: string;
  readonly #options: TestServerOptions;
  #running: TestServer;

  private constructor(file: string, options: TestServerOptions, running: TestServer) {
    this.#file = file;
    this.#options = options;
    this.#running = running;
  }

  /** Runs a test on one that has alice, bob and carol as members. */
  static async run(
    action: (
      server: LastingServer,
      people: readonly [Identity, Identity, Identity],
    ) => Promise<void>,
    options: TestServerOptions = {},
  ): Promise<void> {
    await inFolder(async (folder) => {
      const file = `${folder}/server.db`;
      const authority = makeAuthority();
      const identity = serverIdentity(authority);
      const given = { network: new MemoryNetwork(), authority, identity, ...options };
      const lasting = new LastingServer(file, given, await start(file, given));
      try {
        const { running } = lasting;
        const alice = await running.enroll("alice");
        await action(lasting, [alice, await running.enroll("bob"), await running.enroll("carol")]);
      } finally {
        await lasting.running[Symbol.asyncDispose]();
      }
    });
  }

  get running(): TestServer {
    return this.#running;
  }

  get ledger(): Ledger {
    return this.#running.ledger;
  }

  /** Stopped in good order, or by its ledger; then another one on the same file. */
  async restart(): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
    this.#running = await start(this.#file, this.#options);
  }

  links(identity: Identity, count: number): Promise<ServerLink[]> {
    return Promise.all(Array.from({ length: count }, () => this.#running.link(identity)));
  }
}

async function start(file: string, options: TestServerOptions): Promise<TestServer> {
  const ledgerId = options.authority!.anchor.fingerprint;
  return await startServer({ ...options, ledger: await openSqliteLedger({ file, ledgerId }) });
}
