/**
 * Orders that were refused, so that they stay refused: a payer who was told "no" must not find the money gone a minute later because
 * its payee handed the same order in again when there was something to take.
 *
 * Kept in memory for as long as the order lives. After a restart within that time the payer's own record is what is left: it keeps the
 * order until it has expired, and then asks once more.
 */
import { createHash } from "node:crypto";
import { refusedOrdersMax } from "../limits.ts";
import type { Refusal } from "../protocol/exchange.ts";

interface Refused {
  readonly refusal: Refusal;
  /** When the order can no longer be booked anyway, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export class RefusedOrders {
  /** By the SHA-256 of the signed text; in the order in which they were refused. */
  readonly #byDigest = new Map<string, Refused>();

  get(jws: string): Refusal | undefined {
    return this.#byDigest.get(digestOf(jws))?.refusal;
  }

  add(jws: string, refused: Refused, { nowMs }: { nowMs: number }): void {
    this.#byDigest.set(digestOf(jws), refused);
    for (const [digest, { expiresAtMs }] of this.#byDigest) {
      if (expiresAtMs > nowMs && this.#byDigest.size <= refusedOrdersMax) break;
      this.#byDigest.delete(digest);
    }
  }
}

function digestOf(jws: string): string {
  return createHash("sha256").update(jws, "ascii").digest("base64url");
}
