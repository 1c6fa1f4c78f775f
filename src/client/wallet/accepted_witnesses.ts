/**
 * The witnesses of one ledger that a person believes: a file with a verifier key on each line.
 */
import { join } from "node:path";
import { FileError, isDocumentError, messageOf, UsageError } from "../../errors.ts";
import { witnessesMax } from "../../limits.ts";
import { readVerifierKey, type VerifierKey } from "../../protocol/cosignature.ts";
import type { DataFolder } from "./data_folder.ts";

export class AcceptedWitnesses {
  readonly #folder: DataFolder;
  readonly #ledger: string;

  constructor(folder: DataFolder, ledger: string) {
    this.#folder = folder;
    this.#ledger = ledger;
  }

  /**
   * Returns the witnesses in the order in which they were added.
   *
   * @throws {FileError} when the file cannot be read, or a line is not a verifier key
   */
  async list(): Promise<VerifierKey[]> {
    const file = this.#folder.witnessesFile(this.#ledger);
    const text = await this.#folder.disk.readText(file) ?? "";
    try {
      return text.split("\n").filter((line) => line !== "").map(readVerifierKey);
    } catch (cause) {
      if (!isDocumentError(cause)) throw cause;
      throw new FileError(`read ${file}: ${messageOf(cause)}; delete that line`, { cause });
    }
  }

  /**
   * Adds a witness, unless it is there.
   *
   * @throws {UsageError} when there are `witnessesMax`
   * @throws {FileError} when the file cannot be read or written
   */
  async add(key: VerifierKey): Promise<void> {
    await this.#change((keys) => {
      if (keys.some(({ text }) => text === key.text)) return keys;
      if (keys.length < witnessesMax) return [...keys, key];
      throw new UsageError(
        `accept the witness ${key.name}: ${witnessesMax} are accepted already; remove one first`,
      );
    });
  }

  /**
   * Removes the witnesses of a name. Returns how many there were.
   *
   * @throws {FileError} when the file cannot be read or written
   */
  async remove(name: string): Promise<number> {
    let removed = 0;
    await this.#change((keys) => {
      const kept = keys.filter((key) => key.name !== name);
      removed = keys.length - kept.length;
      return kept;
    });
    return removed;
  }

  async #change(change: (keys: readonly VerifierKey[]) => readonly VerifierKey[]): Promise<void> {
    const { disk } = this.#folder;
    const folder = this.#folder.ledgerFolder(this.#ledger);
    await disk.makeFolder(folder);
    await disk.locked(join(folder, ".lock"), async () => {
      const keys = await this.list();
      const changed = change(keys);
      if (changed === keys) return;
      const text = changed.map((key) => `${key.text}\n`).join("");
      // A wallet writes no empty file, because it takes one for a missing file.
      await disk.writeWhole(this.#folder.witnessesFile(this.#ledger), text || "\n", "private");
    });
  }
}
