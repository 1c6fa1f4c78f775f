import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError, LedgerError } from "../../../src/errors.ts";
import {
  backupSqliteLedger,
  restoreSqliteLedger,
} from "../../../src/ledger/sqlite/backup_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, noonMs, payment } from "../ledger_samples.ts";
import { inFolder, withLedger } from "./temporary_ledger.ts";

Deno.test("a backup made while bookings run is one moment of the ledger, for its owner only", () =>
  withLedger(async ({ file, folder, ledger }) => {
    await ledger.book(payment([alice, bob], 5, { id: 1 }));
    const before = await ledger.totals();
    const booking = ledger.book(payment([alice, bob], 7, { id: 2 }));
    const to = `${folder}/backup.db`;
    backupSqliteLedger({ file, to });
    assertEquals((await booking).outcome, "booked");
    assertEquals(Deno.statSync(to).mode! & 0o777, 0o600);

    const copy = await openSqliteLedger({ file: to, ledgerId });
    assertEquals(await copy.totals(), before);
    assertEquals(
      await copy.history(alice, { limit: 9 }),
      (await ledger.history(alice, { limit: 9 })).slice(1),
    );
    await copy.close();
    const snapshot = openSqliteSnapshot({ file: to });
    assertEquals([...snapshot.faults()], []);
    snapshot.close();
  }));

Deno.test("a backup is never made over an existing file, and nothing is left of one that failed", () =>
  withLedger(({ file, folder }) => {
    const to = `${folder}/taken`;
    Deno.writeTextFileSync(to, "mine");
    assertThrows(() => backupSqliteLedger({ file, to }), FileError, "never overwritten");
    assertEquals(Deno.readTextFileSync(to), "mine");
    assertThrows(() => backupSqliteLedger({ file, to: `${folder}/no/where` }), FileError, "folder");
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(left.filter((name) => name.startsWith("new-ledger-")), []);
    return Promise.resolve();
  }));

Deno.test("a restored ledger is the backup, and what it replaced is kept whole", () =>
  inFolder(async (folder) => {
    const [file, backup] = [`${folder}/server.db`, `${folder}/backup.db`];
    const ledger = await openSqliteLedger({ file, ledgerId });
    const early = await ledger.totals();
    backupSqliteLedger({ file, to: backup });
    const { registerBoth } = await import("./temporary_ledger.ts");
    await registerBoth(ledger);
    const late = await ledger.totals();
    await ledger.close();

    const kept = restoreSqliteLedger({ backup, file, atMs: noonMs });
    assertEquals(kept, `${file}.replaced-2026-11-23T120000.000Z`);
    for (const [path, totals] of [[file, early], [kept!, late]] as const) {
      const opened = await openSqliteLedger({ file: path, ledgerId });
      assertEquals(await opened.totals(), totals);
      await opened.close();
    }
    assertEquals(
      [...Deno.readDirSync(folder)].filter(({ name }) => name.includes("restoring")),
      [],
    );
  }));

Deno.test("a ledger is restored where there was none", () =>
  withLedger(({ file, folder }) => {
    const [backup, fresh] = [`${folder}/backup.db`, `${folder}/fresh.db`];
    backupSqliteLedger({ file, to: backup });
    assertEquals(restoreSqliteLedger({ backup, file: fresh, atMs: noonMs }), undefined);
    assert(Deno.statSync(fresh).isFile);
    return Promise.resolve();
  }));

Deno.test("a ledger that a server uses is not replaced", () =>
  withLedger(async ({ file, folder, ledger }) => {
    const backup = `${folder}/backup.db`;
    backupSqliteLedger({ file, to: backup });
    const before = await ledger.totals();
    assertThrows(
      () => restoreSqliteLedger({ backup, file, atMs: noonMs }),
      LedgerError,
      "another server is using it",
    );
    assertEquals(await ledger.totals(), before);
    await ledger.book(payment([alice, bob], 5, { id: 1 }));
  }));

Deno.test("what is no ledger is not restored, and the ledger stays", () =>
  inFolder(async (folder) => {
    const [file, backup] = [`${folder}/server.db`, `${folder}/backup.db`];
    await (await openSqliteLedger({ file, ledgerId })).close();
    Deno.writeTextFileSync(
      backup,
      "not a database, though as long as the header of one would be".repeat(9),
    );
    assertThrows(() => restoreSqliteLedger({ backup, file, atMs: noonMs }), LedgerError);
    await (await openSqliteLedger({ file, ledgerId })).close();
    await assertRejects(() => openSqliteLedger({ file: backup, ledgerId }), LedgerError);
  }));
