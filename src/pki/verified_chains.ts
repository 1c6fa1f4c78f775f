/**
 * A bounded memory of chains that were verified before. Verifying one takes over a millisecond, most of it parsing, and the same
 * few chains come again with every connection, order and receipt.
 *
 * What is remembered depends on nothing but the bytes, the anchor and the role; the dates are looked at every time. Revocation is
 * not the business of chains: the ledger knows which certificate an account has.
 */
import { encodeBase64 } from "../base64.ts";

/** A chain's result and the time in which it holds. */
export interface Remembered<Result> {
  readonly result: Result;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Chains remembered at a time: more than the members of any group this is for. About 2 KiB each. */
export const verifiedChainsMax = 2000;

export class VerifiedChains<Result> {
  readonly #capacity: number;
  /** A Map keeps the order of insertion: the first key is the one that was used longest ago. */
  readonly #byKey = new Map<string, Remembered<Result>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @returns the result, when these very bytes were found good and still are at `atMs` */
  get(key: string, atMs: number): Result | undefined {
    const remembered = this.#byKey.get(key);
    // Written so that a time that is no number is never within.
    const holds = remembered && remembered.notBeforeMs <= atMs && atMs <= remembered.notAfterMs;
    if (!holds) return undefined;
    this.#byKey.delete(key);
    this.#byKey.set(key, remembered);
    return remembered.result;
  }

  set(key: string, remembered: Remembered<Result>): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, remembered);
    if (this.#byKey.size <= this.#capacity) return;
    const [oldest] = this.#byKey.keys();
    this.#byKey.delete(oldest!);
  }
}

/** Everything that a result depends on, dates aside, in one unambiguous text. */
export function chainKey(
  chain: readonly Uint8Array<ArrayBuffer>[],
  { anchor, role }: { anchor: { readonly fingerprint: string }; role: string },
): string {
  return [role, anchor.fingerprint, ...chain.map((der) => encodeBase64(der))].join(".");
}
