/**
 * The ledger as one session uses it: each change waits for the session's turn, what is only read does not.
 */
import type { Ledger } from "../../ledger/ledger.ts";
import type { Session } from "./session.ts";

/** What a client can bring about that ends on the disk. */
const changes: ReadonlySet<string | symbol> = new Set<keyof Ledger>([
  "register",
  "bringOnline",
  "takeOffline",
  "book",
  "voidOrder",
]);

export function ledgerInTurn(ledger: Ledger, session: Session): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      if (!changes.has(name)) return method.bind(target);
      return (...given: unknown[]) => session.commit(() => method.apply(target, given));
    },
  });
}
