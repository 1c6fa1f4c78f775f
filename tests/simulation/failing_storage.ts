/**
 * A ledger that takes time and fails as storage does. An acknowledged change stays, whatever
 * happens to the server. A change in progress when the server is killed is either there or not.
 */
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Dice } from "./dice.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

const changeMsMax = 15;

/** What changes the ledger. Nothing else needs the storage to have room. */
const changes: ReadonlySet<PropertyKey> = new Set<keyof Ledger>([
  "register",
  "bringOnline",
  "book",
  "voidOrder",
  "changeAccount",
]);

/** The storage's current fault. `failing`: the next change fails, and its outcome is unknown. */
export type StorageState = "good" | "full" | "busy" | "failing";

export class FailingStorage {
  state: StorageState = "good";
  readonly #ledger: Ledger;
  readonly #dice: Dice;

  /** @param ledger what is on the storage */
  constructor(ledger: Ledger, dice: Dice) {
    this.#ledger = ledger;
    this.#dice = dice;
  }

  /** The ledger as one life of the server uses it. */
  openedBy(process: SimulatedProcess): Ledger {
    let failure: LedgerError | undefined;
    const call = async (name: PropertyKey, action: () => Promise<unknown>) => {
      if (failure) throw failure;
      if (!changes.has(name)) return await action();
      const { timeline } = process.machine;
      const wholeMs = this.#dice.between(0, changeMsMax);
      const changedMs = this.#dice.between(0, wholeMs);
      await timeline.sleep(changedMs);
      if (this.state === "full") throw new LedgerFullError("write the ledger: no room");
      if (this.state === "busy") throw new LedgerBusyError("write the ledger: it is locked");
      const fails = this.state === "failing";
      if (fails) {
        this.state = "good";
        failure = new LedgerError("write the ledger: the disk failed");
      }
      const isMade = process.isAlive && (!fails || this.#dice.chance(0.5));
      const result = isMade ? await action() : undefined;
      await timeline.sleep(wholeMs - changedMs);
      if (failure) throw failure;
      return result;
    };
    return new Proxy(this.#ledger, {
      get: (ledger, name: keyof Ledger) => {
        // One server serves the ledger.
        if (name === "relayStore") return () => undefined;
        if (name === "follow") {
          return (...args: Parameters<Ledger["follow"]>) => {
            const stop = ledger.follow(...args);
            process.onKilled(stop);
            return stop;
          };
        }
        return (...args: unknown[]) =>
          process.step(() => {
            // What is on the storage stays when the server lets go of it.
            if (name === "close") return Promise.resolve();
            const method = ledger[name] as (...args: unknown[]) => Promise<unknown>;
            return call(name, () => method.apply(ledger, args));
          });
      },
    });
  }
}
