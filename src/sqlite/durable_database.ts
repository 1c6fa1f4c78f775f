/**
 * Connections whose commits survive a power cut.
 */
import type { DatabaseSync } from "node:sqlite";

/**
 * Makes each commit of a connection reach the disk before it returns. On macOS that takes
 * `fullfsync`, which empties the drive's cache.
 */
export function makeDurable(database: DatabaseSync): void {
  setPragmas(database, ["synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON"]);
}

/**
 * Gives a connection a write-ahead log, so that readers and the one writer do not block each other.
 */
export function useWriteAheadLog(database: DatabaseSync): void {
  // Temporary tables need no file, because a flood may leave no descriptor for one.
  setPragmas(database, ["journal_mode = WAL", "temp_store = MEMORY"]);
  makeDurable(database);
}

function setPragmas(database: DatabaseSync, settings: readonly string[]): void {
  for (const setting of settings) database.prepare(`PRAGMA ${setting}`).get();
}
