import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  FileError,
  LedgerBusyError,
  LedgerError,
  LedgerFullError,
  MicropayError,
} from "../../../src/errors.ts";
import { openRestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import {
  alice,
  bob,
  carol,
  closeAccount,
  ledgerId,
  noonMs,
  payment,
  registration,
  reissueOf,
  revoke,
} from "../ledger_samples.ts";
import { mountSmallDisk } from "./small_disk.ts";
import {
  backupFile,
  inFolder,
  otherConnection,
  registerBoth,
  restoreFrom,
  withLedger,
} from "./temporary_ledger.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Opens a ledger as its server does. Afterwards one file of the ledger and the lock's remain. */
async function totalsOf(file: string) {
  const ledger = await openSqliteLedger({ file, ledgerId });
  try {
    return await ledger.totals();
  } finally {
    await ledger.close();
  }
}

Deno.test("a backup made during bookings is one moment of the ledger, readable by its owner only", () =>
  withLedger(async ({ file, folder, ledger }) => {
    await ledger.book(payment([alice, bob], 5, { id: 1, memo: "é" }));
    await revoke(ledger, bob, "c0".repeat(32));
    await ledger.register(registration(carol, 0));
    await closeAccount(ledger, carol);
    const before = await ledger.totals();
    const booking = ledger.book(payment([alice, bob], 7, { id: 2 }));
    const to = `${folder}/backup.db`;
    await backupFile({ file, to });
    assertEquals((await booking).outcome, "booked");
    assertEquals(Deno.statSync(to).mode! & 0o777, 0o600);
    assertEquals(Deno.statSync(to).nlink, 1);

    const copy = await openSqliteLedger({ file: to, ledgerId });
    assertEquals(await copy.totals(), before);
    assertEquals(
      await copy.history(alice, { limit: 9 }),
      (await ledger.history(alice, { limit: 9 })).slice(1),
    );
    for (const name of [bob, carol]) {
      assertEquals((await copy.account(name))?.isClosed, (await ledger.account(name))?.isClosed);
    }
    const row = await reissueOf(copy, registration(bob, 0, { key: "new" }), "c0".repeat(32));
    assertEquals((await copy.register(row)).outcome, "reissued");
    await copy.close();
    await using snapshot = openSqliteSnapshot({ file: to });
    assertEquals(await Array.fromAsync(snapshot.faults()), []);
  }));

Deno.test("every backup beside a booking server is complete", () =>
  withLedger(async ({ file, folder, ledger }) => {
    let [id, booking] = [0, true];
    const bookings = (async () => {
      while (booking) await ledger.book(payment([alice, bob], 1, { id: id++ }));
    })();
    const counts: number[] = [];
    const program = `import { backupFile } from "${new URL(
      "./temporary_ledger.ts",
      import.meta.url,
    )}"; await backupFile({ file: Deno.args[0], to: Deno.args[1] });`;
    Deno.writeTextFileSync(`${folder}/backup.ts`, program);
    for (let round = 0; round < 2; round++) {
      const to = `${folder}/backup-${round}.db`;
      const config = new URL("../../../deno.json", import.meta.url).pathname;
      const args = ["run", "--config", config, "--allow-all", `${folder}/backup.ts`, file, to];
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assert(success, new TextDecoder().decode(stderr));
      await using snapshot = openSqliteSnapshot({ file: to });
      const balances = Object.fromEntries(
        (await Array.fromAsync(snapshot.accounts())).flat().map((
          { username, balance },
        ) => [username, balance]),
      );
      counts.push(await snapshot.lastNumber());
      assertEquals(balances.bob, await snapshot.lastNumber() - 1);
      assertEquals(await Array.fromAsync(snapshot.faults()), []);
    }
    booking = false;
    await bookings;
    assertGreater(counts[1]!, counts[0]!);
  }));

const targets: [string, (folder: string) => string, string][] = [
  [
    "an existing file",
    (folder) => {
      Deno.writeTextFileSync(`${folder}/taken`, "mine");
      return `${folder}/taken`;
    },
    "there is a file of that name, and it is never overwritten",
  ],
  [
    "the ledger itself",
    (folder) => `${folder}/server.db`,
    "there is a file of that name, and it is never overwritten",
  ],
  [
    "a dangling link",
    (folder) => {
      Deno.symlinkSync(`${folder}/nothing`, `${folder}/link`);
      return `${folder}/link`;
    },
    "there is a file of that name, and it is never overwritten",
  ],
  ["a folder", (folder) => folder, "it is a folder; give the path of a file"],
  [
    "a folder that is missing",
    (folder) => `${folder}/no/where`,
    "its folder is missing or not writable: No such file or directory (os error 2)",
  ],
  ["a device", () => "/dev/null", "there is a file of that name, and it is never overwritten"],
  [
    "the log of another ledger",
    (folder) => `${folder}/other.db-wal`,
    "a name that ends in -wal is for a file beside a ledger",
  ],
  [
    "the lock of another ledger",
    (folder) => `${folder}/other.db-lock`,
    "a name that ends in -lock is for a file beside a ledger",
  ],
];
for (const [sentence, target, text] of targets) {
  Deno.test(`a backup to ${sentence} is refused in one line, and changes nothing`, () =>
    withLedger(async ({ file, folder, ledger }) => {
      const to = target(folder);
      const before = namesIn(folder);
      const error = await assertRejects(() => backupFile({ file, to }), FileError);
      assertEquals(error.message, `cannot make the backup ${to}: ${text}`);
      assertEquals(namesIn(folder), before);
      if (sentence === "an existing file") assertEquals(Deno.readTextFileSync(to), "mine");
      assertEquals((await ledger.book(payment([alice, bob], 1))).outcome, "booked");
    }));
}

Deno.test("a ledger is never made beside the log of a deleted one", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId });
    await registerBoth(ledger);
    // As after kill -9, when somebody then deletes the file alone.
    const log = Deno.readFileSync(`${file}-wal`);
    await ledger.close();
    Deno.removeSync(file);
    Deno.writeFileSync(`${file}-wal`, log);
    const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError);
    assertEquals(
      error.message,
      `cannot make the ledger ${file}: ${file}-wal belongs to a ledger that no longer exists; ` +
        "put it back beside that one, or delete it",
    );
    assertEquals(Deno.readFileSync(`${file}-wal`), log);
    deleteSqliteLedger(file);
    assertEquals(namesIn(folder), []);
    assertEquals((await totalsOf(file)).entries, 0);
  }));

async function restore(backup: string, file: string): Promise<string | undefined> {
  using place = openRestorePlace(file);
  return await restoreFrom(backup, place, noonMs);
}

/** A closed ledger without members, a backup of it, and then two members in the ledger. */
async function makeBoth(folder: string) {
  const [file, backup] = [`${folder}/server.db`, `${folder}/backup.db`];
  const ledger = await openSqliteLedger({ file, ledgerId });
  const early = await ledger.totals();
  await backupFile({ file, to: backup });
  await registerBoth(ledger);
  const late = await ledger.totals();
  await ledger.close();
  return { file, backup, early, late };
}

Deno.test("a restored ledger equals the backup, and the replaced one is kept complete", () =>
  inFolder(async (folder) => {
    const { file, backup, early, late } = await makeBoth(folder);
    const kept = await restore(backup, file);
    assertEquals(kept, `${file}.replaced-2026-11-23T120000.000Z`);
    assertEquals(
      namesIn(folder),
      ["backup.db", "server.db", "server.db-lock", "server.db.replaced-2026-11-23T120000.000Z"],
    );
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
    assertEquals([await totalsOf(file), await totalsOf(kept!)], [early, late]);
    assertEquals(await totalsOf(backup), early, "the backup is still there");
  }));

Deno.test("the log of a killed server is kept with its ledger, and does not reach the restored one", () =>
  inFolder(async (folder) => {
    const { file, backup, early } = await makeBoth(folder);
    // A copy of all files of an open ledger is the state after kill -9.
    const ledger = await openSqliteLedger({ file, ledgerId });
    for (let id = 0; id < 20; id++) await ledger.book(payment([alice, bob], 1, { id }));
    const late = await ledger.totals();
    const killed = `${folder}/killed.db`;
    for (const suffix of ["", "-wal", "-shm"]) {
      Deno.copyFileSync(`${file}${suffix}`, `${killed}${suffix}`);
    }
    await ledger.close();
    assertGreater(Deno.statSync(`${killed}-wal`).size, 0);

    const kept = (await restore(backup, killed))!;
    assertEquals(
      namesIn(folder).filter((name) => name.startsWith("killed.db")),
      ["killed.db", "killed.db-lock", kept.slice(folder.length + 1)],
    );
    assertEquals([await totalsOf(killed), await totalsOf(kept)], [early, late]);
  }));

Deno.test("a ledger too damaged to open is replaced and kept, and leaves no log for its successor", () =>
  inFolder(async (folder) => {
    const { file, backup, early } = await makeBoth(folder);
    Deno.writeTextFileSync(file, "no database any more, for whatever reason\n".repeat(99));
    Deno.writeTextFileSync(`${file}-wal`, "log");
    const kept = (await restore(backup, file))!;
    assertEquals(namesIn(folder).filter((name) => name.endsWith("db-wal")), []);
    assertEquals(await totalsOf(file), early);
    assertEquals(Deno.readTextFileSync(kept).slice(0, 11), "no database");
  }));

Deno.test("a backup is restored without an old ledger", () =>
  withLedger(async ({ file, folder, ledger }) => {
    const [backup, fresh] = [`${folder}/backup.db`, `${folder}/fresh.db`];
    await backupFile({ file, to: backup });
    assertEquals(await restore(backup, fresh), undefined);
    assertEquals(await totalsOf(fresh), await ledger.totals());
  }));

Deno.test("a ledger that a server uses is not replaced", () =>
  withLedger(async ({ file, folder, ledger }) => {
    const backup = `${folder}/backup.db`;
    await backupFile({ file, to: backup });
    const before = await ledger.totals();
    await assertRejects(
      () => restore(backup, file),
      LedgerError,
      "another server is using it",
    );
    assertEquals(await ledger.totals(), before);
    assertEquals((await ledger.book(payment([alice, bob], 5, { id: 1 }))).outcome, "booked");
  }));

Deno.test("a ledger that another program has open is not replaced", () =>
  inFolder(async (folder) => {
    const { file, backup, early, late } = await makeBoth(folder);
    const before = namesIn(folder);
    {
      using other = otherConnection(file);
      assertEquals(other.value("SELECT count(*) FROM entry"), 1);
      const error = await assertRejects(
        () => restore(backup, file),
        LedgerBusyError,
      );
      assertEquals(
        error.message,
        `cannot replace the ledger ${file}: another program has it open; close that one first`,
      );
    }
    assertEquals(namesIn(folder), before);
    assertEquals(await totalsOf(file), late);
    await restore(backup, file);
    assertEquals(await totalsOf(file), early);
  }));

const unusable: [string, (backup: string, file: string) => void, string][] = [
  ["is not there", (backup) => Deno.removeSync(backup), "there is no such file"],
  [
    "is not a database",
    (backup) => Deno.writeTextFileSync(backup, "Dear diary,\n".repeat(900)),
    "it is not a database; choose another file with --db",
  ],
  [
    "is cut short",
    (backup) => Deno.truncateSync(backup, 8192),
    "it is damaged or cut short; put a backup in its place",
  ],
  [
    "is of an older version",
    (backup) => {
      const database = new DatabaseSync(backup);
      database.exec("PRAGMA user_version = 0");
      database.close();
    },
    "it is of schema 0",
  ],
  [
    "has an invalid row",
    (backup) => {
      const database = new DatabaseSync(backup);
      database.exec("DROP TRIGGER entry_kept; DROP TRIGGER entry_appended");
      database.exec("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
      database.exec("UPDATE client SET balance = -1 WHERE username <> '@issuer'");
      database.exec("INSERT INTO client (username, balance) VALUES ('eve', -1)");
      database.close();
    },
    "a row of its table client breaks the rules of a ledger",
  ],
  [
    "has a text with a NUL, at which the runtime would cut it",
    (backup) => {
      const database = new DatabaseSync(backup);
      database.exec("INSERT INTO client (username) VALUES ('bob' || char(0))");
      database.close();
    },
    "a row of its table client breaks the rules of a ledger",
  ],
  [
    "is the ledger itself",
    (backup, file) => {
      Deno.removeSync(backup);
      Deno.symlinkSync(file, backup);
    },
    "the backup is the same file",
  ],
];
for (const [sentence, spoil, text] of unusable) {
  Deno.test(`a backup that ${sentence} is not restored, and the ledger stays`, () =>
    inFolder(async (folder) => {
      const { file, backup, late } = await makeBoth(folder);
      spoil(backup, file);
      const before = namesIn(folder);
      await assertRejects(() => restore(backup, file), MicropayError, text);
      assertEquals(namesIn(folder).filter((name) => !/-(wal|shm)$/.test(name)), before);
      assertEquals(await totalsOf(file), late);
    }));
}

Deno.test("a restore never overwrites an earlier kept ledger", () =>
  inFolder(async (folder) => {
    const { file, backup, late } = await makeBoth(folder);
    const kept = `${file}.replaced-2026-11-23T120000.000Z`;
    Deno.writeTextFileSync(kept, "kept");
    await assertRejects(
      () => restore(backup, file),
      FileError,
      `cannot keep the ledger ${file} as ${kept}: there is a file of that name`,
    );
    assertEquals([await totalsOf(file), Deno.readTextFileSync(kept)], [late, "kept"]);
    assertEquals(namesIn(folder).filter((name) => name.startsWith("new-")), []);
  }));

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();

Deno.test({
  name: "without room for it a backup or a restored ledger is not there at all",
  ignore: probe === undefined,
  fn: () =>
    withLedger(async ({ file, folder, ledger }) => {
      const memo = "x".repeat(200);
      const rows = Array.from({ length: 500 }, (_, id) => payment([alice, bob], 1, { id, memo }));
      await Promise.all(rows.map((row) => ledger.book(row)));
      const backup = `${folder}/backup.db`;
      await backupFile({ file, to: backup });
      await using disk = (await mountSmallDisk("200k"))!;
      const to = `${disk.folder}/other.db`;
      await assertRejects(() => backupFile({ file, to }), LedgerFullError, "no room");
      const restoring = () => restore(backup, to);
      await assertRejects(restoring, LedgerFullError, "no room");
      assertEquals(namesIn(disk.folder), ["other.db-lock"]);
    }),
});
