/**
 * A wallet's store in an SQLite file. The first call opens the file, and the first change makes it,
 * so a command that keeps nothing leaves no file. Writes of one turn of the event loop share a
 * commit.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountName } from "../../account_name.ts";
import { MicropayError } from "../../errors.ts";
import { inodeOf } from "../../durable_files.ts";
import { walletLockWaitMs } from "../../limits.ts";
import { CommitQueue } from "../../sqlite/commit_queue.ts";
import type { AccountStore, WalletStore } from "../wallet/wallet_store.ts";
import { SqliteAudits } from "./sqlite_audits.ts";
import { SqliteLimits } from "./sqlite_limits.ts";
import { SqliteOutbox } from "./sqlite_outbox.ts";
import { SqliteReceipts } from "./sqlite_receipts.ts";
import { SqliteRequests } from "./sqlite_requests.ts";
import { BrokenWalletError, walletError } from "./wallet_error.ts";
import { makeWalletFile, openUnwritable, openWalletFile } from "./wallet_file.ts";
import {
  type Action,
  prepareWalletStatements,
  textIn,
  type WalletStatements,
  type WalletTransactions,
} from "./wallet_statements.ts";

interface Connection {
  readonly database: DatabaseSync;
  readonly sql: WalletStatements;
  readonly queue: CommitQueue;
  /** Tells whether the file at the path is still the one that is open. */
  readonly inode: number | undefined;
}

export class SqliteWalletStore implements WalletStore, WalletTransactions {
  readonly file: string;
  #connection: Connection | undefined;
  #making: Promise<Connection> | undefined;

  constructor(file: string) {
    this.file = file;
  }

  async pinOf(server: string): Promise<string | undefined> {
    return await this.read((sql) => this.#pinOf(sql, server), undefined);
  }

  async pin(
    server: string,
    ledger: string,
    { replace }: { readonly replace: boolean },
  ): Promise<string> {
    return await this.write((sql) => {
      const pinned = this.#pinOf(sql, server);
      if (pinned !== undefined && !replace) return pinned;
      sql.setPin.run(server, ledger);
      return ledger;
    });
  }

  serversOf(ledger: string): Promise<string[]> {
    return this.read<string[]>(
      (sql) => sql.serversOf.all(ledger).map((row) => textIn(row, "server", this)),
      [],
    );
  }

  account(ledger: string, name: AccountName): AccountStore {
    const owner = [ledger, name] as const;
    return {
      outbox: new SqliteOutbox(this, owner),
      receipts: new SqliteReceipts(this, owner),
      audits: new SqliteAudits(this, owner),
      limits: new SqliteLimits(this, owner),
      requests: new SqliteRequests(this, owner),
    };
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.queue.drain();
    connection?.database.close();
  }

  async write<Result>(action: Action<Result>): Promise<Result> {
    const connection = await this.#openToWrite();
    try {
      return await connection.queue.add(() => action(connection.sql));
    } catch (error) {
      this.#dropBroken(connection);
      throw error;
    }
  }

  // deno-lint-ignore require-await -- async so that what is thrown becomes a rejection
  async read<Result>(action: Action<Result>, missing: Result): Promise<Result> {
    let refusal: unknown;
    try {
      const connection = this.#open();
      return connection ? action(connection.sql) : missing;
    } catch (error) {
      if (error instanceof MicropayError) throw error;
      if (this.#connection) {
        this.#connection.queue.fail(walletError(`read ${this.file}`, error));
        this.#dropBroken(this.#connection);
        throw walletError(`read ${this.file}`, error);
      }
      refusal = error;
    }
    return this.#readUnwritable(action, refusal);
  }

  #pinOf(sql: WalletStatements, server: string): string | undefined {
    const row = sql.pin.get(server);
    return row && textIn(row, "ledger", this);
  }

  #readUnwritable<Result>(action: Action<Result>, refusal: unknown): Result {
    const database = openUnwritable(this.file, refusal);
    try {
      return action(prepareWalletStatements(database));
    } catch (error) {
      throw walletError(`read ${this.file}`, error);
    } finally {
      database.close();
    }
  }

  async #openToWrite(): Promise<Connection> {
    try {
      const connection = this.#open();
      if (connection) return connection;
      this.#making ??= makeWalletFile(this.file).then((made) => this.#connect(made)).finally(() => {
        this.#making = undefined;
      });
      return await this.#making;
    } catch (error) {
      throw walletError(`write ${this.file}`, error);
    }
  }

  #open(): Connection | undefined {
    // The file was deleted or replaced. What is written to it now would be lost at the next start.
    if (this.#connection && inodeOf(this.file) !== this.#connection.inode) this.close();
    if (this.#connection) return this.#connection;
    const database = openWalletFile(this.file);
    return database && this.#connect(database);
  }

  #connect(database: DatabaseSync): Connection {
    const inode = inodeOf(this.file);
    this.#connection = {
      database,
      sql: prepareWalletStatements(database),
      queue: new CommitQueue(database, {
        errorOf: (error) => walletError(`write ${this.file}`, error),
        isFatal: (error) => error instanceof BrokenWalletError,
        lockWaitMs: walletLockWaitMs,
        begin: () => {
          if (inodeOf(this.file) === inode) return;
          throw new BrokenWalletError(
            `write ${this.file}: it was moved or deleted while in use; try again`,
          );
        },
      }),
      inode,
    };
    return this.#connection;
  }

  /**
   * Closes a connection whose disk failed. The next call opens the file and reads what it holds.
   */
  #dropBroken(connection: Connection): void {
    if (connection.queue.failure === undefined || this.#connection !== connection) return;
    this.#connection = undefined;
    try {
      connection.database.close();
    } catch {
      // It failed before, and the caller was told why.
    }
  }
}
