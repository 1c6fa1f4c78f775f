/**
 * Orders of one account that may be on their way: a file each, written before the order is sent and removed when it is known what became
 * of it. Whatever happens in between (a crash, a cut, a time-out), the next start finds it.
 */
import { join } from "node:path";
import * as v from "valibot";
import type { AccountName } from "../account_name.ts";
import { FileError, messageOf } from "../errors.ts";
import { readDocument } from "../pki/signed_document.ts";
import { decodeOrder, type Order } from "../protocol/order.ts";
import { parseJsonObject } from "../strict_json.ts";
import {
  type DataFolder,
  makePrivateFolder,
  orderIdsIn,
  readTextIfThere,
  writeFileWhole,
} from "./data_folder.ts";

export interface OutboxItem {
  readonly order: Order;
  /** The compact JWS as it was, or may have been, sent. */
  readonly jws: string;
  /** Whether the server has refused it. It stays until it has expired: its payee could still hand it in. */
  readonly isRefused: boolean;
}

const itemShape = v.strictObject({ order: v.string(), refused: v.optional(v.literal(true)) });

export class Outbox {
  readonly #path: string;

  constructor(folder: DataFolder, ledger: string, name: AccountName) {
    this.#path = join(folder.accountFolder(ledger, name), "outbox");
  }

  /** To be called, and to have returned, before the order is sent anywhere. */
  async add(id: string, jws: string): Promise<void> {
    await makePrivateFolder(this.#path);
    await this.#write(id, { order: jws });
  }

  async markRefused(id: string, jws: string): Promise<void> {
    await this.#write(id, { order: jws, refused: true });
  }

  /** Harmless when it is not there: another process of the same account may have settled it. */
  async remove(id: string): Promise<void> {
    try {
      await Deno.remove(this.#file(id));
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return;
      throw new FileError(`remove ${this.#file(id)}: ${messageOf(cause)}`, { cause });
    }
  }

  /** @throws {FileError} when the file is not as this program writes it */
  async get(id: string): Promise<OutboxItem | undefined> {
    const path = this.#file(id);
    const text = await readTextIfThere(path);
    if (text === undefined) return undefined;
    const item = v.safeParse(itemShape, parseJsonObject(text));
    if (!item.success) throw damaged(path);
    const { order: jws, refused } = item.output;
    try {
      const { payload } = readDocument(jws, { typ: "micropay-order", chain: "required" });
      return { order: decodeOrder(payload), jws, isRefused: refused === true };
    } catch (cause) {
      throw damaged(path, cause);
    }
  }

  /** Oldest first: ids sort by the time they were made. */
  ids(): Promise<string[]> {
    return orderIdsIn(this.#path);
  }

  async #write(id: string, item: v.InferInput<typeof itemShape>): Promise<void> {
    await writeFileWhole(this.#file(id), `${JSON.stringify(item)}\n`, { mode: 0o600 });
  }

  #file(id: string): string {
    return join(this.#path, `${id}.json`);
  }
}

function damaged(path: string, cause?: unknown): FileError {
  return new FileError(
    `read ${path}: it is not an order of the outbox; ask for its id with status, then remove the file`,
    { cause },
  );
}
