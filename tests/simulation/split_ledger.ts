/**
 * A ledger that a dishonest operator keeps twice, with a server for each copy. The operator makes
 * every change in both copies. From some time on, the second copy has an account more than the
 * first one. So the copies differ, and each member sees a ledger that only grows.
 */
import { parseAccountName } from "../../src/account_name.ts";
import { systemClock } from "../../src/clock.ts";
import type { Ledger, Registration } from "../../src/ledger/ledger.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";

/** The account that only the second copy has. */
export const secretAccount = parseAccountName("mallory")!;

/** Methods whose changes the operator makes in both copies. */
const changes: ReadonlySet<keyof Ledger> = new Set(["register", "book", "voidOrder"]);

export class SplitLedger {
  /** What the two servers work with. */
  readonly copies: readonly [Ledger, Ledger];
  readonly #second: Ledger;
  #registration: Registration | undefined;
  #isSplit = false;

  constructor([first, second]: readonly [Ledger, Ledger]) {
    this.#second = second;
    this.copies = [this.#copy(first, second), this.#copy(second, first)];
  }

  /** Whether the copies differ. */
  get isSplit(): boolean {
    return this.#isSplit;
  }

  /** Makes the second copy differ. There is an account already. */
  async split(): Promise<void> {
    const { opening, ...registration } = this.#registration!;
    this.#isSplit = true;
    await this.#second.register({
      ...registration,
      name: secretAccount,
      opening: { ...opening!, id: makeOrderId(systemClock, systemRandom), payee: secretAccount },
    });
  }

  /** Returns one copy, as its server uses it. */
  #copy(own: Ledger, other: Ledger): Ledger {
    return new Proxy(own, {
      get: (target, name: keyof Ledger) => {
        // Both servers tell where all members are.
        if (name === "presence") {
          return async (...[of]: Parameters<Ledger["presence"]>) =>
            await own.presence(of) ?? await other.presence(of);
        }
        if (!changes.has(name)) return target[name].bind(target);
        return async (...args: unknown[]) => {
          if (name === "register") this.#registration = args[0] as Registration;
          // Both begin at once, so the rows have one order.
          const calls = [own, other].map((ledger) =>
            (ledger[name] as (...args: unknown[]) => Promise<unknown>).apply(ledger, args)
          );
          return (await Promise.all(calls))[0];
        };
      },
    });
  }
}
