/**
 * A disk in memory that survives the kill of its process. Each change takes time and is atomic, as
 * `Disk` promises. A process that is killed during a change does not learn the outcome.
 */
import { dirname } from "node:path";
import type { Disk } from "../../src/client/wallet/disk.ts";
import { FileError } from "../../src/errors.ts";
import type { WalletStore } from "../../src/client/wallet/wallet_store.ts";
import { KeptWallet, MemoryWalletStore } from "../client/wallet/memory_wallet_store.ts";
import type { Dice } from "./dice.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

const changeMsMax = 8;

export class SimulatedDisk {
  readonly #kept = new KeptWallet();
  readonly #files = new Map<string, string>();
  readonly #folders = new Set<string>();
  readonly #dice: Dice;
  /** Who has each lock, and who waits for it. */
  readonly #locks = new Map<string, Promise<void>>();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** The disk as one process uses it. */
  of(process: SimulatedProcess): Disk {
    const read = <Result>(action: () => Result) => process.step(() => Promise.resolve(action()));
    const change = (action: () => void) => this.#change(process, action);
    const files = this.#files;
    return {
      readText: (path) => read(() => files.get(path) || undefined),
      names: (path) => read(() => this.#names(path)),
      makeFolder: (path) => change(() => this.#makeFolder(path)),
      writeWhole: (path, text) => change(() => this.#write(path, text)),
      rename: (from, to) =>
        change(() => {
          const text = files.get(from);
          if (text === undefined) return;
          files.delete(from);
          files.set(to, text);
        }),
      locked: (path, action) => this.#locked(process, path, action),
    };
  }

  /** The wallet's store on it, as one process uses it. */
  storeOf(process: SimulatedProcess): WalletStore {
    return new MemoryWalletStore(this.#kept, {
      read: (action) => process.step(() => Promise.resolve(action())),
      change: (action) => this.#change(process, action),
    });
  }

  #names(folder: string): string[] {
    return [...this.#folders, ...this.#files.keys()]
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  #makeFolder(path: string): void {
    for (let at = path; dirname(at) !== at; at = dirname(at)) this.#folders.add(at);
  }

  #write(path: string, text: string): void {
    if (!this.#folders.has(dirname(path))) throw new FileError(`write ${path}: no such folder`);
    this.#files.set(path, text);
  }

  #change<Result>(process: SimulatedProcess, action: () => Result): Promise<Result> {
    return process.step(async () => {
      const { timeline } = process.machine;
      const wholeMs = this.#dice.between(0, changeMsMax);
      const changedMs = this.#dice.between(0, wholeMs);
      await timeline.sleep(changedMs);
      // Killed before: not done. Killed after: done, and nobody is told.
      // Of a dead process nobody sees the result.
      const result = (process.isAlive ? action() : undefined) as Result;
      await timeline.sleep(wholeMs - changedMs);
      return result;
    });
  }

  async #locked<Result>(
    process: SimulatedProcess,
    path: string,
    action: () => Promise<Result>,
  ): Promise<Result> {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const before = this.#locks.get(path) ?? Promise.resolve();
    this.#locks.set(path, before.then(() => released));
    process.onKilled(release);
    await process.step(() => before);
    try {
      return await action();
    } finally {
      release();
    }
  }
}
