import type { Ledger } from "../../src/ledger/ledger.ts";

/** Returns a ledger that stays open when its server stops, for the next server. */
export function keepOpen(ledger: Ledger): Ledger {
  return new Proxy(ledger, {
    get(target, key) {
      if (key === "close") return () => Promise.resolve();
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
