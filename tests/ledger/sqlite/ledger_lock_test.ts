/** Which uses of a ledger exclude each other, within a process and between two. */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { LedgerBusyError, MicropayError } from "../../../src/errors.ts";
import { openRestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import {
  ledgerLockFile,
  type LedgerUse,
  takeLedgerLock,
} from "../../../src/ledger/sqlite/ledger_lock.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { ledgerId, noonMs } from "../ledger_samples.ts";
import { PausedProcess } from "./paused_process.ts";
import { inFolder, restoreFrom } from "./temporary_ledger.ts";

const server = "another server is using it; stop that one first";
const command = "another command is writing to it; try again later";
const restore = "another command restores or deletes it; try again later";

/** The holder's use, the asker's use, and the refusal. */
const rows: readonly [LedgerUse, LedgerUse, string | undefined][] = [
  ["write", "write", undefined],
  ["write", "serve", undefined],
  ["write", "replace", command],
  ["serve", "write", undefined],
  ["serve", "serve", server],
  ["serve", "replace", server],
  ["replace", "write", restore],
  ["replace", "serve", restore],
  ["replace", "replace", restore],
];
for (const [held, asked, told] of rows) {
  const outcome = told === undefined ? "gets it" : "is refused";
  Deno.test(`lock: held to ${held}, and asked to ${asked}: ${outcome}`, () =>
    inFolder((folder) => {
      const file = `${folder}/server.db`;
      const take = (use: LedgerUse) => takeLedgerLock(file, { use, attempt: "cannot" });
      const first = take(held);
      if (told === undefined) take(asked).release();
      else {
        assertEquals(assertThrows(() => take(asked), MicropayError).message, `cannot: ${told}`);
      }
      first.release();
      take(asked).release();
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["server.db-lock"]);
      return Promise.resolve();
    }));
}

Deno.test("lock: during a restore nobody else writes, and everybody reads", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await (await openSqliteLedger({ file, ledgerId })).close();
    using _place = openRestorePlace(file);
    for (const serve of [true, false]) {
      await assertRejects(() => openSqliteLedger({ file, ledgerId, serve }), LedgerBusyError);
    }
    assertThrows(() => openRestorePlace(file), LedgerBusyError, restore);
    assertThrows(() => deleteSqliteLedger(file), LedgerBusyError, restore);
    await openSqliteSnapshot({ file })[Symbol.asyncDispose]();
  }));

Deno.test("lock: it ends with a deleted ledger, and the next ledger has its own", () =>
  inFolder((folder) => {
    const file = `${folder}/server.db`;
    const take = (use: LedgerUse) => takeLedgerLock(file, { use, attempt: "cannot" });
    const old = take("write");
    Deno.removeSync(ledgerLockFile(file));
    const next = take("replace");
    assertThrows(() => take("write"), LedgerBusyError);
    old.release();
    assertThrows(() => take("write"), LedgerBusyError);
    next.release();
    take("write").release();
    return Promise.resolve();
  }));

for (const action of ["write", "serve"]) {
  Deno.test(`lock: a killed process loses its lock to ${action}`, () =>
    inFolder(async (folder) => {
      const [file, backup] = [`${folder}/server.db`, `${folder}/b.db`];
      await (await openSqliteLedger({ file, ledgerId })).close();
      await (await openSqliteLedger({ file: backup, ledgerId })).close();
      // Step by step, until it is within a commit.
      for (let step = 0;; step++) {
        const child = await new PausedProcess().act(action, { file, backup }, step);
        if (child.pausedAt !== "COMMIT") {
          await child.kill();
          continue;
        }
        assertThrows(
          () => openRestorePlace(file),
          MicropayError,
          action === "serve" ? server : command,
        );
        await child.kill();
        using place = openRestorePlace(file);
        assertMatch((await restoreFrom(backup, place, noonMs))!, /replaced/);
        return;
      }
    }));
}
