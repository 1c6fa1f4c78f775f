/** Opens one moment of the ledger that `--db` names: a file, or the URL of a database. */
import { systemClock } from "../../clock.ts";
import { isDatabaseUrl, parseDatabaseUrl } from "../../ledger/postgres/database_url.ts";
import { passwordFinder } from "../../ledger/postgres/password_file.ts";
import { openPostgresSnapshot } from "../../ledger/postgres/postgres_snapshot.ts";
import type { LedgerSnapshot } from "../../ledger/snapshot.ts";
import type { LedgerSource } from "../../ledger/sqlite/backup_ledger.ts";
import { openSqliteSnapshot } from "../../ledger/sqlite/sqlite_snapshot.ts";
import type { Environment } from "../process_io.ts";

/**
 * Returns a snapshot of a ledger, which the caller closes.
 *
 * @param environment says where the password of a database is
 * @throws {MicropayError} when there is no ledger, or it cannot be read
 */
export async function openSnapshot(
  db: string,
  environment: Environment,
): Promise<LedgerSnapshot & LedgerSource> {
  if (!isDatabaseUrl(db)) return openSqliteSnapshot({ file: db });
  return await openPostgresSnapshot({
    url: parseDatabaseUrl(db),
    passwordOf: passwordFinder(environment),
    clock: systemClock,
  });
}

/** Runs an action that reads one moment of a ledger. */
export async function withSnapshot<Result>(
  { db, environment }: { readonly db: string; readonly environment: Environment },
  read: (snapshot: LedgerSnapshot & LedgerSource) => Result | Promise<Result>,
): Promise<Result> {
  await using snapshot = await openSnapshot(db, environment);
  return await read(snapshot);
}
