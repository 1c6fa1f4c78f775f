/** Where a ledger is, as `--db` names it: a file, or the URL of a PostgreSQL database. */
import { resolve } from "node:path";
import { systemClock } from "../clock.ts";
import { UsageError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { DatabaseEvent } from "../ledger/postgres/database_health.ts";
import { isDatabaseUrl, parseDatabaseUrl } from "../ledger/postgres/database_url.ts";
import { ledgerIdIn } from "../ledger/postgres/identify_database.ts";
import { PostgresCopyTarget, watchWriters } from "../ledger/postgres/copy_target.ts";
import { openPostgresLedger } from "../ledger/postgres/open_postgres_ledger.ts";
import { passwordFinder } from "../ledger/postgres/password_file.ts";
import type { DatabaseAccess } from "../ledger/postgres/session.ts";
import {
  type LedgerSource,
  lockSource,
  openNewPlace,
  type RestoreCopy,
  type RestorePlace,
} from "../ledger/sqlite/backup_ledger.ts";
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

/**
 * A new ledger that is filled with another one's rows. Disposing of it removes it, unless it is
 * finished.
 */
export interface LedgerCopy extends AsyncDisposable {
  /**
   * Copies all rows.
   *
   * @param onRows as in `copyRows`
   * @returns what `--db` would be to read the copy
   * @throws {MicropayError} as `copyRows`
   */
  fill(source: LedgerSource, onRows: (rows: number) => void): Promise<string>;
  /** Makes it a ledger that servers open. Call it once, after {@link fill}. */
  finish(): Promise<void>;
}

/** A ledger that nobody else may write. */
export interface StillLedger extends Disposable {
  /** @throws {LedgerError} when somebody wrote it since */
  requireUnchanged(): Promise<void>;
}

export interface LedgerPlace {
  /** What messages call it. */
  readonly name: string;
  /** Returns whether there is a ledger. */
  exists(): Promise<boolean>;
  /** @throws {MicropayError} when the ledger cannot be used, in a line that says what to do */
  open(options: OpenOptions): Promise<Ledger>;
  /**
   * Makes sure that nobody writes the ledger while it is copied.
   *
   * @param attempt the start of an error's text
   * @throws {MicropayError} when a server uses it, or it cannot be used
   */
  holdStill(attempt: string): Promise<StillLedger>;
  /**
   * Begins a copy of a ledger here, where none may be.
   *
   * @param options.attempt the start of an error's text
   * @throws {MicropayError} when there is something, or nothing can be made
   */
  openCopy(options: { readonly ledgerId: string; readonly attempt: string }): Promise<LedgerCopy>;
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
    // A lock keeps the others away, so nothing changes.
    holdStill: (attempt) => {
      const lock = lockSource(file, attempt);
      const still = { requireUnchanged: () => Promise.resolve() };
      return Promise.resolve({ ...still, [Symbol.dispose]: () => lock.release() });
    },
    openCopy: ({ attempt }) => Promise.resolve(new FileCopy(openNewPlace(file, attempt))),
    requireDeletable: () => {},
    delete: () => deleteSqliteLedger(file),
  };
}

/** A copy of a ledger beside the path that it gets. */
class FileCopy implements LedgerCopy {
  readonly #place: RestorePlace;
  #copy: RestoreCopy | undefined;

  constructor(place: RestorePlace) {
    this.#place = place;
  }

  async fill(source: LedgerSource, onRows: (rows: number) => void): Promise<string> {
    this.#copy = await this.#place.copy(source, onRows);
    return this.#copy.file;
  }

  finish(): Promise<void> {
    this.#copy!.put({ atMs: systemClock.nowMs() });
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#copy?.[Symbol.dispose]();
    this.#place[Symbol.dispose]();
    return Promise.resolve();
  }
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
    holdStill: async (attempt) => {
      const requireUnchanged = await watchWriters(access, attempt);
      return { requireUnchanged, [Symbol.dispose]: () => {} };
    },
    openCopy: async (options) => {
      const target = await PostgresCopyTarget.make({ ...options, access });
      return {
        fill: async (source, onRows) => {
          await target.fill(source, onRows);
          return url;
        },
        finish: () => target.finish(),
        [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
      };
    },
    requireDeletable: refuse,
    delete: refuse,
  };
}
