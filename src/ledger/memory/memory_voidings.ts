/** The orders that a ledger in memory never books. */
import type { AccountName } from "../../account_name.ts";
import { voidedOrdersMax } from "../../limits.ts";
import type { Voiding } from "../ledger.ts";

export class MemoryVoidings {
  readonly #codes = new Map<string, number>();
  /** Digests by account, the oldest first. */
  readonly #byAccount = new Map<AccountName, string[]>();

  /** What an order of this digest was voided with. */
  code(digest: string): number | undefined {
    return this.#codes.get(digest);
  }

  /** @returns the code of the first voiding */
  add({ digest, by, code }: Voiding): number {
    const earlier = this.#codes.get(digest);
    if (earlier !== undefined) return earlier;
    this.#codes.set(digest, code);
    const digests = this.#byAccount.get(by) ?? [];
    this.#byAccount.set(by, digests);
    digests.push(digest);
    if (digests.length > voidedOrdersMax) this.#codes.delete(digests.shift()!);
    return code;
  }
}
