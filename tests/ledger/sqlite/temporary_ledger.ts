/** A ledger in a temporary folder, for the tests of SQLite. */
import { DatabaseSync } from "node:sqlite";
import type { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { backupLedger, type RestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, registration } from "../ledger_samples.ts";

export interface TemporaryLedger {
  readonly file: string;
  readonly folder: string;
  readonly ledger: SqliteLedger;
  /** Opens it again, as a tool beside the server does. */
  readonly openBeside: () => Promise<SqliteLedger>;
}

/** Runs a test in a folder that is removed afterwards. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "micropay-ledger-" }));
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a test on an open ledger in which alice has a million and bob nothing. */
export function withLedger(run: (temporary: TemporaryLedger) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId });
    try {
      await registerBoth(ledger);
      const openBeside = () => openSqliteLedger({ file, ledgerId, serve: false });
      await run({ file, folder, ledger, openBeside });
    } finally {
      await ledger.close();
    }
  });
}

/** Registers alice with a million and bob with nothing. */
export async function registerBoth(ledger: SqliteLedger): Promise<void> {
  await ledger.register(registration(alice, 1_000_000));
  await ledger.register(registration(bob, 0));
}

/** A connection like another program's. It does not wait for locks. */
export interface OtherConnection extends Disposable {
  run(sql: string): void;
  /** Returns the first column of the first row. */
  value(sql: string): unknown;
}

export function otherConnection(file: string): OtherConnection {
  const database = new DatabaseSync(file);
  return {
    run: (sql) => void database.prepare(sql).all(),
    value: (sql) => Object.values(database.prepare(sql).get() ?? {})[0],
    [Symbol.dispose]: () => database.close(),
  };
}

/** Makes a backup of a ledger's file. */
export async function backupFile(
  { file, to }: { readonly file: string; readonly to: string },
): Promise<void> {
  await using snapshot = openSqliteSnapshot({ file });
  await backupLedger(snapshot, { to });
}

/** Restores a backup and returns the path of the replaced ledger. It is not audited. */
export async function restoreFrom(
  backup: string,
  place: RestorePlace,
  atMs: number,
): Promise<string | undefined> {
  const copy = await copyOf(backup, place);
  return copy.put({ atMs });
}

async function copyOf(backup: string, place: RestorePlace) {
  await using snapshot = openSqliteSnapshot({ file: backup });
  return await place.copy(snapshot);
}
