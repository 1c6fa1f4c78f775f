/**
 * Receipts of one account, each with the order it is for: a file a payment, by its id.
 */
import { join } from "node:path";
import * as v from "valibot";
import type { AccountName } from "../../account_name.ts";
import { FileError } from "../../errors.ts";
import { compactJwsShape } from "../../protocol/shapes.ts";
import { parseJsonObject } from "../../strict_json.ts";
import type { DataFolder } from "./data_folder.ts";

export interface StoredReceipt {
  readonly id: string;
  /** Compact JWS by the server. */
  readonly receipt: string;
  /** Compact JWS by the payer. */
  readonly order: string;
}

const receiptShape = v.strictObject({ receipt: compactJwsShape, order: compactJwsShape });

export class ReceiptStore {
  readonly #folder: DataFolder;
  readonly #path: string;
  readonly #lock: string;

  constructor(folder: DataFolder, ledger: string, name: AccountName) {
    this.#folder = folder;
    this.#path = folder.receiptsFolder(ledger, name);
    this.#lock = folder.accountLock(ledger, name);
  }

  /** Whether there is a receipt for this order already. */
  async has(id: string): Promise<boolean> {
    return await this.#folder.disk.readText(this.file(id)) !== undefined;
  }

  /**
   * What is there already stays: the receipt of an entry says the same whenever it is made, and one that says something else must not
   * take the place of what proves that.
   *
   * @returns whether there was none before; when several bring it at once, one of them is told so
   */
  add(stored: StoredReceipt): Promise<boolean> {
    const added = this.#added.then(() => this.#add(stored));
    this.#added = added.catch(() => {});
    return added;
  }

  /** Settles when everything that was to be stored is. */
  #added: Promise<unknown> = Promise.resolve();

  async #add({ id, receipt, order }: StoredReceipt): Promise<boolean> {
    if (await this.has(id)) return false;
    const { disk } = this.#folder;
    await disk.makeFolder(this.#path);
    // Locked: another process of this account may bring it at the same time.
    return await disk.locked(this.#lock, async () => {
      if (await this.has(id)) return false;
      await disk.writeWhole(this.file(id), `${JSON.stringify({ receipt, order })}\n`, "private");
      return true;
    });
  }

  /**
   * All of them, in the order of their ids.
   *
   * @throws {FileError} when a file is not as this program writes it
   */
  async *all(): AsyncGenerator<StoredReceipt> {
    for (const id of await this.#folder.orderIdsIn(this.#path)) {
      const path = this.file(id);
      const text = await this.#folder.disk.readText(path);
      // Left empty by a full disk: there is no receipt, and `add` stores it when it comes again.
      if (text === undefined) continue;
      const stored = v.safeParse(receiptShape, parseJsonObject(text));
      if (!stored.success) throw new FileError(`read ${path}: it is not a receipt with its order`);
      yield { id, ...stored.output };
    }
  }

  /** Where the receipt of an order is, if there is one. */
  file(id: string): string {
    return join(this.#path, `${id}.json`);
  }
}
