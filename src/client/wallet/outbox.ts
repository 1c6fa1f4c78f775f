/**
 * Orders of one account that may be on their way: a file each, written before the order is sent and removed when it is known what became
 * of it. Whatever happens in between (a crash, a cut, a time-out), the next start finds it.
 *
 * Several processes may act as one account. Whoever changes something holds a lock, and changes only what is about its own order: the
 * record of an order is never replaced or removed for the sake of another one with the same id.
 */
import { join } from "node:path";
import * as v from "valibot";
import type { AccountName } from "../../account_name.ts";
import { FileError } from "../../errors.ts";
import { type Order, readOrder } from "../../protocol/order.ts";
import { parseJsonObject } from "../../strict_json.ts";
import type { DataFolder } from "./data_folder.ts";

export interface OutboxItem {
  readonly order: Order;
  /** The compact JWS as it was, or may have been, sent. */
  readonly jws: string;
  /** Whether the server has refused it. It stays until it has expired: its payee could still hand it in. */
  readonly isRefused: boolean;
}

/** Which order a record is about: an id may be used for another one, once the first has expired. */
type Recorded = Pick<OutboxItem, "jws"> & { readonly id: string };

const itemShape = v.strictObject({ order: v.string(), refused: v.optional(v.literal(true)) });

export class Outbox {
  readonly #folder: DataFolder;
  readonly #path: string;

  constructor(folder: DataFolder, ledger: string, name: AccountName) {
    this.#folder = folder;
    this.#path = join(folder.accountFolder(ledger, name), "outbox");
  }

  /**
   * Records an order. To be called, and to have returned, before the order is sent anywhere.
   *
   * @param voided the compact JWS of an order that can never be booked any more: its record, if there is one under this id, is replaced
   * @returns what is recorded under the id now: another order, when one was there and is not void
   */
  async add(
    { id, jws }: Recorded,
    { voided }: { readonly voided?: string | undefined } = {},
  ): Promise<OutboxItem> {
    await this.#folder.disk.makeFolder(this.#path);
    return await this.#locked(async () => {
      const there = await this.get(id);
      if (there && there.jws !== voided) return there;
      await this.#write(id, { order: jws });
      return (await this.get(id))!;
    });
  }

  /** Notes the server's "no". Harmless when the record is gone. */
  async markRefused(order: Recorded): Promise<void> {
    await this.#changeOwn(order, () => this.#write(order.id, { order: order.jws, refused: true }));
  }

  /** Forgets an order that is decided. Harmless when another process has settled it. */
  async remove(order: Recorded): Promise<void> {
    await this.#changeOwn(order, () => this.#folder.disk.remove(this.#file(order.id)));
  }

  /** @throws {FileError} when the file is not as this program writes it */
  async get(id: string): Promise<OutboxItem | undefined> {
    const path = this.#file(id);
    const text = await this.#folder.disk.readText(path);
    if (text === undefined) return undefined;
    const item = v.safeParse(itemShape, parseJsonObject(text));
    if (!item.success) throw damaged(path);
    const { order: jws, refused } = item.output;
    try {
      return { order: readOrder(jws).order, jws, isRefused: refused === true };
    } catch (cause) {
      throw damaged(path, cause);
    }
  }

  /** Oldest first: ids sort by the time they were made. */
  ids(): Promise<string[]> {
    return this.#folder.orderIdsIn(this.#path);
  }

  async #changeOwn({ id, jws }: Recorded, change: () => Promise<void>): Promise<void> {
    if (await this.get(id) === undefined) return;
    await this.#locked(async () => {
      if ((await this.get(id))?.jws === jws) await change();
    });
  }

  /** One process at a time. */
  #locked<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#folder.disk.locked(join(this.#path, ".lock"), action);
  }

  async #write(id: string, item: v.InferInput<typeof itemShape>): Promise<void> {
    await this.#folder.disk.writeWhole(this.#file(id), `${JSON.stringify(item)}\n`, "private");
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
