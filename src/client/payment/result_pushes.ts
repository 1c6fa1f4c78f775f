/**
 * The server's `result` pushes, passed to the orders that wait for them.
 */
import { ProtocolError } from "../../errors.ts";
import { check } from "../../protocol/request_type.ts";
import { type Result, resultsShape, resultType } from "../../protocol/transfer.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { ServerLink } from "../server_link.ts";

export class ResultPushes {
  /** Who waits for the result of an order, by the order's digest. */
  readonly #waiting = new Map<string, Set<(result: Result) => void>>();

  constructor(link: ServerLink) {
    link.listen(resultType, (body) => this.#read(body));
  }

  /**
   * Calls `listener` with each result that the server pushes for an order. Its receipt is not
   * verified.
   *
   * @param digest of the order: its payee may also submit an earlier order with the same id
   * @returns stops that
   */
  listen(digest: string, listener: (result: Result) => void): () => void {
    const listeners = this.#waiting.get(digest) ?? new Set();
    this.#waiting.set(digest, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#waiting.delete(digest);
    };
  }

  #read(body: JsonObject): void {
    try {
      for (const result of check(resultsShape, body, "read results").results) {
        for (const listener of this.#waiting.get(result.order) ?? []) listener(result);
      }
    } catch (error) {
      // A push that is not of its shape tells nothing. The payer asks when it has waited long
      // enough.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}
