/** A ledger in a folder of its own, for the tests of SQLite. */
import type { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { alice, bob, ledgerId, registration } from "../ledger_samples.ts";

export interface TemporaryLedger {
  readonly file: string;
  readonly folder: string;
  readonly ledger: SqliteLedger;
}

/** Runs a test in a folder that is removed afterwards. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-ledger-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a test on an open ledger where alice has a million and bob nothing. */
export function withLedger(run: (temporary: TemporaryLedger) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId });
    try {
      await registerBoth(ledger);
      await run({ file, folder, ledger });
    } finally {
      await ledger.close();
    }
  });
}

/** Alice with a million, bob with nothing. */
export async function registerBoth(ledger: SqliteLedger): Promise<void> {
  await ledger.register(registration(alice, 1_000_000));
  await ledger.register(registration(bob, 0));
}
