/** Tells once when a database is lost, and once when it is back. */

/** What a ledger tells about its database. */
export type DatabaseEvent =
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "recovered" }
  /** Commits do not wait for a standby, so the one that would take over can lack some. */
  | { readonly kind: "unprotected" };

/**
 * The uses of a database. Each can fail alone: a standby can be read and not written. To follow is
 * to read the decisions of other servers.
 */
export type DatabaseUse = "read" | "write" | "follow";

export class DatabaseHealth {
  readonly #report: (event: DatabaseEvent) => void;
  readonly #failing = new Set<DatabaseUse>();

  constructor(report: (event: DatabaseEvent) => void) {
    this.#report = report;
  }

  isFailing(use: DatabaseUse): boolean {
    return this.#failing.has(use);
  }

  lost(use: DatabaseUse, reason: string): void {
    const isFirst = this.#failing.size === 0;
    this.#failing.add(use);
    if (isFirst) this.#report({ kind: "lost", reason });
  }

  works(use: DatabaseUse): void {
    const wasFailing = this.#failing.delete(use);
    if (wasFailing && this.#failing.size === 0) this.#report({ kind: "recovered" });
  }
}
