/** Where a ledger is, as `--db` names it: a file, or the URL of a PostgreSQL database. */
import { resolve } from "node:path";
import { systemClock } from "../clock.ts";
import { UsageError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { DatabaseEvent } from "../ledger/postgres/database_health.ts";
import { isDatabaseUrl, parseDatabaseUrl } from "../ledger/postgres/database_url.ts";
import { ledgerIdIn } from "../ledger/postgres/identify_database.ts";
import { openPostgresLedger } from "../ledger/postgres/open_postgres_ledger.ts";
import { passwordFinder } from "../ledger/postgres/password_file.ts";
import type { DatabaseAccess } from "../ledger/postgres/session.ts";
import { deleteSqliteLedger } from "../ledger/sqlite/delete_sqlite_ledger.ts";
import { ledgerFileExists } from "../ledger/sqlite/ledger_file.ts";
import { openSqliteLedger } from "../ledger/sqlite/open_sqlite_ledger.ts";
import { systemRandom } from "../random.ts";
import type { Environment } from "./process_io.ts";

/** How to open a ledger. */
export interface OpenOptions {
  /** The CA's fingerprint, 64 hex digits. A ledger of another CA is refused. */
  readonly ledgerId: string;
  /** Whether the caller is a server, which makes a missing ledger. */
  readonly serve: boolean;
  /** Is told when the database of a ledger is lost, and when it is back. */
  readonly report?: (event: DatabaseEvent) => void;
}

export interface LedgerPlace {
  /** What messages call it. */
  readonly name: string;
  /** Returns whether there is a ledger. */
  exists(): Promise<boolean>;
  /** @throws {MicropayError} when the ledger cannot be used, in a line that says what to do */
  open(options: OpenOptions): Promise<Ledger>;
  /** @throws {UsageError} unless a single server may delete it */
  requireDeletable(): void;
  /** Deletes the ledger with all accounts and entries. */
  delete(): void;
}

/**
 * Returns the place that `db` names.
 *
 * @param environment says where the password of a database is
 * @throws {UsageError} when it begins like a URL of a database and is none
 */
export function ledgerPlace(db: string, environment: Environment): LedgerPlace {
  return isDatabaseUrl(db) ? databasePlace(db, environment) : filePlace(resolve(db));
}

function filePlace(file: string): LedgerPlace {
  return {
    name: file,
    exists: () => Promise.resolve(ledgerFileExists(file)),
    open: ({ ledgerId, serve }) => openSqliteLedger({ file, ledgerId, serve }),
    requireDeletable: () => {},
    delete: () => deleteSqliteLedger(file),
  };
}

function databasePlace(url: string, environment: Environment): LedgerPlace {
  const access: DatabaseAccess = {
    url: parseDatabaseUrl(url),
    passwordOf: passwordFinder(environment),
    clock: systemClock,
  };
  const refuse = () => {
    throw new UsageError(
      `delete the ledger ${url}: other servers may use it; stop them, then use dropdb and createdb`,
    );
  };
  return {
    name: url,
    exists: async () => await ledgerIdIn(access) !== undefined,
    open: (options) => openPostgresLedger({ ...options, access, random: systemRandom }),
    requireDeletable: refuse,
    delete: refuse,
  };
}
