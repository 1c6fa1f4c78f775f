/** The void orders of a ledger in memory. */
import type { AccountName } from "../../../src/account_name.ts";
import { voidedOrderKeptMs, voidedOrdersMax } from "../../../src/limits.ts";
import type { EntrySide } from "../../../src/ledger/entry.ts";
import type { Voiding, VoidOutcome } from "../../../src/ledger/ledger.ts";

export interface VoidingLimits {
  /** Most orders of each payer. */
  readonly max: number;
  /** Shortest time that an order is kept after its end. */
  readonly keptMs: number;
}

export class MemoryVoidings {
  readonly #limits: VoidingLimits;
  readonly #byDigest = new Map<string, Voiding>();
  readonly #byPayer = new Map<AccountName, Set<Voiding>>();
  /** The latest end of a payer's forgotten orders. */
  readonly #floors = new Map<EntrySide, number>();

  constructor(limits: VoidingLimits = { max: voidedOrdersMax, keptMs: voidedOrderKeptMs }) {
    this.#limits = limits;
  }

  /** Returns the code that an order was voided with. */
  code(digest: string): number | undefined {
    return this.#byDigest.get(digest)?.code;
  }

  /** Returns whether an order of this payer may be void and forgotten. */
  isForgotten(payer: EntrySide, expiresAtMs: number): boolean {
    const floorMs = this.#floors.get(payer);
    return floorMs !== undefined && expiresAtMs <= floorMs;
  }

  /** Adds a void order. */
  add(voiding: Voiding): VoidOutcome {
    const { digest, payer, expiresAtMs, atMs } = voiding;
    if (this.isForgotten(payer, expiresAtMs)) return { outcome: "expired" };
    if (!this.#makeRoom(payer, atMs)) return { outcome: "no_room" };
    this.#byDigest.set(digest, voiding);
    this.#byPayer.set(payer, (this.#byPayer.get(payer) ?? new Set()).add(voiding));
    return { outcome: "voided" };
  }

  /** Forgets all orders of a payer. */
  forget(payer: AccountName): void {
    for (const { digest } of this.#byPayer.get(payer) ?? []) this.#byDigest.delete(digest);
    this.#byPayer.delete(payer);
  }

  /** Forgets the order that expired first, when the room is full and it expired long enough ago. */
  #makeRoom(payer: AccountName, atMs: number): boolean {
    const kept = this.#byPayer.get(payer) ?? new Set();
    if (kept.size < this.#limits.max) return true;
    const [first] = [...kept].sort((one, other) => one.expiresAtMs - other.expiresAtMs);
    if (first!.expiresAtMs + this.#limits.keptMs >= atMs) return false;
    kept.delete(first!);
    this.#byDigest.delete(first!.digest);
    this.#floors.set(payer, Math.max(this.#floors.get(payer) ?? 0, first!.expiresAtMs));
    return true;
  }
}
