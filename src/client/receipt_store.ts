/**
 * Receipts of one account, each with the order it is for: a file a payment, by its id.
 */
import { join } from "node:path";
import type { AccountName } from "../account_name.ts";
import {
  type DataFolder,
  makePrivateFolder,
  readTextIfThere,
  writeFileWhole,
} from "./data_folder.ts";

export interface StoredReceipt {
  readonly id: string;
  /** Compact JWS by the server. */
  readonly receipt: string;
  /** Compact JWS by the payer. */
  readonly order: string;
}

export class ReceiptStore {
  readonly #path: string;

  constructor(folder: DataFolder, ledger: string, name: AccountName) {
    this.#path = folder.receiptsFolder(ledger, name);
  }

  /** Whether there is a receipt for this order already. */
  async has(id: string): Promise<boolean> {
    return await readTextIfThere(this.#file(id)) !== undefined;
  }

  /** Storing the same receipt again changes nothing: there is one for an entry. */
  async add({ id, receipt, order }: StoredReceipt): Promise<void> {
    await makePrivateFolder(this.#path);
    const text = `${JSON.stringify({ receipt, order })}\n`;
    await writeFileWhole(this.#file(id), text, { mode: 0o600 });
  }

  #file(id: string): string {
    return join(this.#path, `${id}.json`);
  }
}
