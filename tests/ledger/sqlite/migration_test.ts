import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError, LedgerError, LedgerFullError } from "../../../src/errors.ts";
import { backupSqliteLedger } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { keptCopiesMax } from "../../../src/ledger/sqlite/migrate_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { schemaVersion } from "../../../src/ledger/sqlite/schema.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, orderId, refund } from "../ledger_samples.ts";
import { makeFirstVersion, rowsOf } from "./first_version.ts";
import { mountSmallDisk } from "./small_disk.ts";
import { inFolder, otherConnection } from "./temporary_ledger.ts";

const versionOf = (file: string) => rowsOf(file, "PRAGMA user_version")[0]!.user_version;
/** Without what SQLite leaves of a log after somebody has read. */
const namesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !/-(wal|shm)$/.test(name)).sort();
/** Tables of version 1, with whatever columns. */
const tablesOf = (file: string) =>
  ["ledger", "client", "certificate", "entry"].map((table) =>
    rowsOf(file, `SELECT * FROM ${table}`)
  );

Deno.test("a ledger of the first version is brought up to date, and kept as it was beside", () =>
  inFolder(async (folder) => {
    const [file, old] = [`${folder}/server.db`, `${folder}/old.db`];
    makeFirstVersion(file);
    makeFirstVersion(old);
    const ledger = await openSqliteLedger({ file, ledgerId });
    assertEquals((await ledger.account(alice))?.isClosed, false);
    assertEquals((await ledger.account(bob))?.certificate?.issuedAtMs, Date.UTC(2026, 10, 23, 12));
    assertEquals((await ledger.entry(orderId(2)))?.refunds, undefined);
    const result = await ledger.book(refund([bob, alice], 500, { id: 3, of: 2 }));
    assertEquals(result.outcome, "booked");
    await ledger.close();

    const kept = `${file}.schema-1`;
    assertEquals(tablesOf(kept), tablesOf(old));
    assertEquals(versionOf(kept), 1);
    assertEquals(Deno.statSync(kept).mode! & 0o777, 0o600);
    const snapshot = openSqliteSnapshot({ file });
    assertEquals([...snapshot.faults()], [], "it has the shape of a new one");
    snapshot.close();
    await (await openSqliteLedger({ file, ledgerId })).close();
    assertEquals(namesIn(folder), [
      "old.db",
      "server.db",
      "server.db-lock",
      "server.db.schema-1",
    ]);
  }));

Deno.test("the copy is never made over an existing file", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    makeFirstVersion(file);
    const names = Array.from(
      { length: keptCopiesMax },
      (_, index) => `${file}.schema-1${index === 0 ? "" : `-${index + 1}`}`,
    );
    for (const name of names) Deno.writeTextFileSync(name, "taken");
    const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError);
    assertEquals(
      error.message,
      `cannot bring the ledger ${file} from schema 1 to ${schemaVersion}: there are ${keptCopiesMax} copies of it, ` +
        `${names[0]} and on; move them away`,
    );
    assertEquals(versionOf(file), 1);
    Deno.removeSync(names.at(-1)!);
    await (await openSqliteLedger({ file, ledgerId })).close();
    assertEquals([versionOf(file), versionOf(names.at(-1)!)], [schemaVersion, 1]);
    for (const name of names.slice(0, -1)) assertEquals(Deno.readTextFileSync(name), "taken");
  }));

Deno.test("a ledger that cannot be migrated stays as it was, and no copy is left", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    makeFirstVersion(file);
    {
      using other = otherConnection(file);
      other.run("CREATE TABLE voided_order (mine)"); // in the way of the last version
    }
    const before = rowsOf(file, "SELECT type, name, sql FROM sqlite_schema");
    await assertRejects(
      () => openSqliteLedger({ file, ledgerId }),
      LedgerError,
      `cannot bring the ledger ${file} from schema 1 to ${schemaVersion}`,
    );
    assertEquals(versionOf(file), 1);
    assertEquals(rowsOf(file, "SELECT type, name, sql FROM sqlite_schema"), before);
    assertEquals(namesIn(folder), ["server.db", "server.db-lock"]);
  }));

Deno.test("a ledger that somebody changed by hand is not migrated, and it is said why", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    makeFirstVersion(file, { payments: 3 });
    {
      using other = otherConnection(file);
      other.run("DROP TRIGGER entry_kept");
      other.run("DELETE FROM entry WHERE number = 3");
    }
    const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), LedgerError);
    assertEquals(
      error.message,
      `cannot copy the ledger ${file}: a row of its table entry is none of a ledger (an entry is ` +
        "appended after the last one, with an id of its own); audit it",
    );
    assertEquals(versionOf(file), 1);
  }));

Deno.test("a tool beside a server does not migrate, it says who does", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    makeFirstVersion(file);
    const sentence =
      `cannot open the ledger ${file}: it is of schema 1, this micropay uses ${schemaVersion}; ` +
      "start its server once, which brings it up to date";
    const open = () => openSqliteLedger({ file, ledgerId, serve: false });
    assertEquals((await assertRejects(open, LedgerError)).message, sentence);
    for (
      const attempt of [
        () => openSqliteSnapshot({ file }),
        () => backupSqliteLedger({ file, to: `${folder}/backup.db` }),
      ]
    ) {
      assertEquals(assertThrows(attempt, LedgerError).message, sentence);
    }
    assertEquals(versionOf(file), 1);
  }));

Deno.test("a ledger in use by an older server is not migrated under it", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    makeFirstVersion(file);
    const { takeLedgerLock } = await import("../../../src/ledger/sqlite/ledger_lock.ts");
    const lock = takeLedgerLock(file, { use: "serve", attempt: "cannot" });
    await assertRejects(() => openSqliteLedger({ file, ledgerId }), LedgerError, "another server");
    lock.release();
    assertEquals(versionOf(file), 1);
  }));

Deno.test("killed in the middle of a migration it is of the old version or the new, and the next start goes on", () =>
  inFolder(async (folder) => {
    const original = `${folder}/original.db`;
    makeFirstVersion(original, { payments: 8000 });
    const script = new URL("migrating_child.ts", import.meta.url).pathname;
    const seen: unknown[] = [];
    for (const afterMs of [1, 30, 60, 100, 140, 200]) {
      const file = `${folder}/after-${afterMs}.db`;
      Deno.copyFileSync(original, file);
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--allow-all", script, file],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      try {
        child.kill("SIGKILL");
      } catch {
        // It was done already.
      }
      await reader.cancel();
      await child.status;
      seen.push(versionOf(file));
      const ledger = await openSqliteLedger({ file, ledgerId });
      assertEquals((await ledger.totals()).entries, 8002);
      await ledger.close();
      assertEquals(versionOf(file), schemaVersion);
      const kept = namesIn(folder).filter((name) =>
        name.startsWith(`after-${afterMs}.db.schema-1`)
      );
      assert(kept.length >= 1);
      for (const name of kept) {
        const count = rowsOf(`${folder}/${name}`, "SELECT count(*) AS count FROM entry");
        assertEquals(count, [{ count: 8002 }]);
      }
    }
    assert(seen.every((version) => version === 1 || version === schemaVersion));
  }));

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();

Deno.test({
  name: "without room for the copy nothing is migrated, and nothing is left",
  ignore: probe === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using disk = (await mountSmallDisk("2m"))!;
      const file = `${disk.folder}/server.db`;
      makeFirstVersion(`${folder}/server.db`, { payments: 6000 });
      Deno.copyFileSync(`${folder}/server.db`, file);
      assert(Deno.statSync(file).size > 1_200_000, "no room for two of it");
      await assertRejects(() => openSqliteLedger({ file, ledgerId }), LedgerFullError, "no room");
      assertEquals(versionOf(file), 1);
      assertEquals(namesIn(disk.folder), ["server.db", "server.db-lock"]);
    }),
});
