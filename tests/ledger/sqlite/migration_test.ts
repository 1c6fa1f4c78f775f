import { keptCopiesMax } from "../../../src/limits.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError, LedgerError, LedgerFullError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { schemaVersion } from "../../../src/ledger/sqlite/schema.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { ledgerId } from "../ledger_samples.ts";
import { makeOlderLedger, migrate, nextVersion, rowsOf } from "./older_ledger.ts";
import { mountSmallDisk } from "./small_disk.ts";
import { inFolder, otherConnection } from "./temporary_ledger.ts";

const versionOf = (file: string) => rowsOf(file, "PRAGMA user_version")[0]!.user_version;
/** The folder without the log files that a reader leaves. */
const namesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => !/-(wal|shm)$/.test(name)).sort();
const tablesOf = (file: string) =>
  ["ledger", "client", "certificate", "entry", "account_change", "voided_order"].map((table) =>
    rowsOf(file, `SELECT * FROM ${table}`)
  );

Deno.test("an older ledger is migrated, and a copy of it is kept", () =>
  inFolder(async (folder) => {
    const [file, old] = [`${folder}/server.db`, `${folder}/old.db`];
    await makeOlderLedger(file);
    await makeOlderLedger(old);
    const kept = `${file}.schema-1`;
    assertEquals(await migrate(file), kept);
    assertEquals(rowsOf(file, "SELECT number, note FROM entry ORDER BY number"), [
      { number: 1, note: null },
      { number: 3, note: null },
    ]);
    assertEquals(rowsOf(file, "SELECT * FROM extra"), []);
    assertEquals(tablesOf(kept), tablesOf(old));
    assertEquals([versionOf(file), versionOf(kept)], [nextVersion, schemaVersion]);
    assertEquals(Deno.statSync(kept).mode! & 0o777, 0o600);
    await using snapshot = openSqliteSnapshot({ file: kept });
    assertEquals(
      await Array.fromAsync(snapshot.faults()),
      [],
      "the copy is a ledger of its version",
    );
    assertEquals(namesIn(folder), ["old.db", "server.db", "server.db.schema-1"]);
  }));

Deno.test("a current ledger is not migrated", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeOlderLedger(file);
    await (await openSqliteLedger({ file, ledgerId })).close();
    assertEquals(namesIn(folder), ["server.db", "server.db-lock"]);
  }));

Deno.test("the copy never overwrites a file", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeOlderLedger(file);
    const names = Array.from(
      { length: keptCopiesMax },
      (_, index) => `${file}.schema-1${index === 0 ? "" : `-${index + 1}`}`,
    );
    for (const name of names) Deno.writeTextFileSync(name, "taken");
    const error = await assertRejects(() => migrate(file), FileError);
    assertEquals(
      error.message,
      `cannot bring the ledger ${file} from schema 1 to ${nextVersion}: there are ${keptCopiesMax} copies of it, ` +
        `${names[0]} and on; move them away`,
    );
    assertEquals(versionOf(file), 1);
    Deno.removeSync(names.at(-1)!);
    await migrate(file);
    assertEquals([versionOf(file), versionOf(names.at(-1)!)], [nextVersion, 1]);
    for (const name of names.slice(0, -1)) assertEquals(Deno.readTextFileSync(name), "taken");
  }));

Deno.test("a ledger that cannot be migrated stays unchanged, and leaves no copy", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeOlderLedger(file);
    {
      using other = otherConnection(file);
      other.run("CREATE TABLE extra (mine)"); // in the way of the next version
    }
    const before = rowsOf(file, "SELECT type, name, sql FROM sqlite_schema");
    await assertRejects(
      () => migrate(file),
      LedgerError,
      `cannot bring the ledger ${file} from schema 1 to ${nextVersion}`,
    );
    assertEquals(versionOf(file), 1);
    assertEquals(rowsOf(file, "SELECT type, name, sql FROM sqlite_schema"), before);
    assertEquals(namesIn(folder), ["server.db"]);
  }));

Deno.test("a ledger that was changed by hand is not migrated, and the error says why", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeOlderLedger(file, { payments: 3 });
    {
      using other = otherConnection(file);
      other.run("DROP TRIGGER entry_kept");
      other.run("DELETE FROM entry WHERE number = 4");
    }
    const error = await assertRejects(() => migrate(file), LedgerError);
    assertEquals(
      error.message,
      `cannot copy the ledger ${file}: a row of its table entry breaks the rules of a ledger (an entry is ` +
        "appended after the last row, with an id of its own); audit it",
    );
    assertEquals(versionOf(file), 1);
  }));

Deno.test("a tool does not migrate, and its error says that a server does", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeOlderLedger(file);
    {
      using other = otherConnection(file);
      other.run("PRAGMA user_version = 0"); // this program has made no older one
    }
    const sentence =
      `cannot open the ledger ${file}: it is of schema 0, this micropay uses ${schemaVersion}; ` +
      "start its server once, which brings it up to date";
    const open = () => openSqliteLedger({ file, ledgerId, serve: false });
    assertEquals((await open().catch((error) => error)).message, sentence);
    const error = assertThrows(() => openSqliteSnapshot({ file }), LedgerError);
    assertEquals(error.message, sentence);
    assertEquals(versionOf(file), 0);
  }));

Deno.test("a ledger has the old or the new version after a killed migration, and the next start continues", () =>
  inFolder(async (folder) => {
    const original = `${folder}/original.db`;
    await makeOlderLedger(original, { payments: 8000 });
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
        // The migration was complete.
      }
      await reader.cancel();
      await child.status;
      seen.push(versionOf(file));
      if (seen.at(-1) !== nextVersion) await migrate(file);
      const count = "SELECT count(*) AS count FROM entry";
      assertEquals([versionOf(file), rowsOf(file, count)[0]!.count], [nextVersion, 8001]);
      const kept = namesIn(folder).filter((name) =>
        name.startsWith(`after-${afterMs}.db.schema-1`)
      );
      assert(kept.length >= 1);
      for (const name of kept) {
        assertEquals(rowsOf(`${folder}/${name}`, count), [{ count: 8001 }]);
      }
    }
    assert(seen.every((version) => version === schemaVersion || version === nextVersion));
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
      await makeOlderLedger(`${folder}/server.db`, { payments: 4000 });
      Deno.copyFileSync(`${folder}/server.db`, file);
      assert(Deno.statSync(file).size > 1_200_000, "no room for two of it");
      await assertRejects(() => migrate(file), LedgerFullError, "no room");
      assertEquals(versionOf(file), 1);
      assertEquals(namesIn(disk.folder), ["server.db"]);
    }),
});
