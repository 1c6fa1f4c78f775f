/**
 * Orders that were refused, so that they stay refused: a payer who was told "no" must not find the money gone a minute later because
 * its payee handed the same order in again when there was something to take.
 *
 * Kept in memory, and not only until they expire: a clock that is set back would make them good again. After a restart the payer's own
 * record is what is left: it keeps the order until it has expired, and then asks once more.
 */
import { createHash } from "node:crypto";
import { refusedOrdersMax } from "../limits.ts";
import type { Refusal } from "../protocol/exchange.ts";

export class RefusedOrders {
  /** By the SHA-256 of the signed text; in the order in which they were refused. */
  readonly #byDigest = new Map<string, Refusal>();

  get(jws: string): Refusal | undefined {
    return this.#byDigest.get(digestOf(jws));
  }

  add(jws: string, refusal: Refusal): void {
    this.#byDigest.set(digestOf(jws), refusal);
    if (this.#byDigest.size <= refusedOrdersMax) return;
    const [oldest] = this.#byDigest.keys();
    this.#byDigest.delete(oldest!);
  }
}

function digestOf(jws: string): string {
  return createHash("sha256").update(jws, "ascii").digest("base64url");
}
