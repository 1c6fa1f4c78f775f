/**
 * Migrations with a step of these tests, because this program has only one schema version so far.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { createLedgerFile } from "../../../src/ledger/sqlite/create_ledger_file.ts";
import { identifyLedgerFile } from "../../../src/ledger/sqlite/ledger_file.ts";
import { migrateLedger } from "../../../src/ledger/sqlite/migrate_ledger.ts";
import { type Migration, schemaVersion } from "../../../src/ledger/sqlite/schema.ts";
import { ledgerId, orderId } from "../ledger_samples.ts";

export const nextVersion = schemaVersion + 1;

const steps: readonly Migration[] = [{
  version: nextVersion,
  statements: [
    "ALTER TABLE entry ADD COLUMN note TEXT",
    "CREATE TABLE extra (number INTEGER NOT NULL PRIMARY KEY) STRICT",
  ],
}];

/** Migrates a ledger of this version to the next one. */
export function migrate(file: string): Promise<string | undefined> {
  return migrateLedger(file, identifyLedgerFile(file), steps);
}

export interface OlderLedgerOptions {
  /** Payments of one unit, so that a migration takes a while. */
  readonly payments?: number;
}

/** A ledger with alice and bob, an opening, a closure of bob as number 2, and payments. */
export function makeOlderLedger(
  file: string,
  { payments = 1 }: OlderLedgerOptions = {},
): Promise<void> {
  const at = "2026-11-23T12:00:00.000Z";
  return createLedgerFile(file, ledgerId, {
    fill: (database) => {
      const add = (sql: string, ...values: SQLInputValue[]) =>
        void database.prepare(sql).run(...values);
      add("INSERT INTO client (username, balance) VALUES ('alice', 0), ('bob', 0)");
      add(`INSERT INTO certificate VALUES ('fingerprint', 'alice', 'key', x'', '${at}')`);
      const entry = `INSERT INTO entry (number, id, kind, payer, payee, amount, at, subtrees,
        order_digest, payer_balance, payee_balance, iat, exp, signature, certificate)
        VALUES (?, ?, ?, ?, ?, 1, ?, ?, zeroblob(32), 0, 0, 0, 1, zeroblob(64), 'fingerprint')`;
      // As many bytes as the schema wants. A migration does not look at them.
      const subtrees = (number: number) => new Uint8Array(32 * (1 + Math.log2(number & -number)));
      add(entry, 1, orderId(1), "opening", "@issuer", "alice", at, subtrees(1));
      add(
        `INSERT INTO account_change (number, kind, username, statement_jws, at, subtrees)
          VALUES (2, 'closure', 'bob', 'statement', ?, ?)`,
        at,
        subtrees(2),
      );
      const pay = database.prepare(entry);
      for (let number = 3; number < payments + 3; number++) {
        pay.run(number, orderId(number), "payment", "alice", "bob", at, subtrees(number));
      }
    },
  });
}

/**
 * Returns all rows of a query. The connection may write, because it must roll back a killed
 * transaction.
 */
export function rowsOf(file: string, query: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file);
  try {
    return database.prepare(query).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
