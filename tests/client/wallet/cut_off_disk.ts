/**
 * A disk that is full, or whose process is killed, at one of its changes. That change is not done,
 * or done without an acknowledgement. No later change is tried.
 */
import { type Disk, systemDisk } from "../../../src/client/wallet/disk.ts";
import type { WalletStore } from "../../../src/client/wallet/wallet_store.ts";
import { FileError } from "../../../src/errors.ts";

export class CutOffDisk {
  /** Changes that were asked for. */
  changes = 0;
  readonly disk: Disk;
  readonly #last: number;
  readonly #isDone: boolean;

  /** @param last the change at which it ends, from 1; `isDone` when that one is still done */
  constructor(last: number, { isDone }: { readonly isDone: boolean }) {
    this.#last = last;
    this.#isDone = isDone;
    this.disk = {
      ...systemDisk,
      makeFolder: (path) => this.#change(() => systemDisk.makeFolder(path)),
      writeWhole: (...args) => this.#change(() => systemDisk.writeWhole(...args)),
      rename: (...args) => this.#change(() => systemDisk.rename(...args)),
    };
  }

  /** A wallet's store on this disk. */
  storeOn(store: WalletStore): WalletStore {
    return {
      file: store.file,
      pinOf: (server) => store.pinOf(server),
      pin: (...args) => this.#change(() => store.pin(...args)),
      serversOf: (ledger) => store.serversOf(ledger),
      account: (...args) => store.account(...args),
      close: () => store.close(),
    };
  }

  async #change<Result>(action: () => Promise<Result>): Promise<Result> {
    this.changes++;
    if (this.changes < this.#last) return await action();
    if (this.changes === this.#last && this.#isDone) await action();
    throw new FileError("cut off");
  }
}
