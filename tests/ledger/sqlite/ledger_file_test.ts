/** Which files are accepted as a ledger, and that all others stay unchanged. */
import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError, LedgerError } from "../../../src/errors.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { schemaVersion } from "../../../src/ledger/sqlite/schema.ts";
import { alice, bob, ledgerId, payment, registration } from "../ledger_samples.ts";
import { inFolder, otherConnection, registerBoth, withLedger } from "./temporary_ledger.ts";

async function makeLedger(file: string): Promise<void> {
  const ledger = await openSqliteLedger({ file, ledgerId });
  await registerBoth(ledger);
  for (let id = 0; id < 50; id++) await ledger.book(payment([alice, bob], 1, { id }));
  await ledger.close();
  Deno.removeSync(`${file}-lock`);
}

function alter(file: string, ...statements: string[]): void {
  const database = new DatabaseSync(file);
  for (const statement of statements) database.prepare(statement).all();
  database.close();
}

const cut = (bytes: (length: number) => number) => async (file: string) => {
  await makeLedger(file);
  Deno.truncateSync(file, bytes(Deno.statSync(file).size));
};

const damaged = "it is damaged or cut short; put a backup in its place";
const noDatabase = "it is not a database; choose another file with --db";
const foreign = "it is a database of another program; choose another file with --db";

const rows: [string, (file: string) => void | Promise<void>, string][] = [
  ["a text", (file) => Deno.writeTextFileSync(file, "Dear diary,\n".repeat(900)), noDatabase],
  ["a short text", (file) => Deno.writeTextFileSync(file, "hello"), noDatabase],
  [
    "an empty file",
    (file) => Deno.writeTextFileSync(file, ""),
    "the file is empty; delete it to start a new ledger there",
  ],
  ["a database of another program", (file) => alter(file, "CREATE TABLE client (a)"), foreign],
  [
    "a database of another program that keeps a write-ahead log",
    (file) => alter(file, "PRAGMA journal_mode = WAL", "CREATE TABLE client (a)"),
    foreign,
  ],
  [
    "a database of another program with a mark of its own",
    (file) => alter(file, "PRAGMA application_id = 1", "CREATE TABLE ledger (id)"),
    foreign,
  ],
  [
    "a ledger of a newer version",
    async (file) => {
      await makeLedger(file);
      alter(file, `PRAGMA user_version = ${schemaVersion + 1}`);
    },
    `a newer micropay wrote it (schema ${schemaVersion + 1}, this one knows ${schemaVersion}); ` +
    "use that version",
  ],
  ["a ledger cut to half its size", cut((length) => Math.floor(length / 8192) * 4096), damaged],
  ["a ledger cut by one page", cut((length) => length - 4096), damaged],
  ["a ledger cut within its first page", cut(() => 1000), damaged],
  ["a ledger with a header and nothing else", cut(() => 100), damaged],
  [
    "a ledger without its identifier",
    async (file) => {
      await makeLedger(file);
      alter(file, "DELETE FROM ledger");
    },
    "it has no ledger identifier; put a backup in its place",
  ],
];

for (const [sentence, make, text] of rows) {
  Deno.test(`${sentence} is refused in one line, by opening and by deleting, and stays unchanged`, () =>
    inFolder(async (folder) => {
      const file = `${folder}/server.db`;
      await make(file);
      const before = Deno.readFileSync(file);
      const message = `cannot open the ledger ${file}: ${text}`;
      for (const serve of [true, false]) {
        const error = await assertRejects(
          () => openSqliteLedger({ file, ledgerId, serve }),
          LedgerError,
        );
        assertEquals(error.message, message);
      }
      assertEquals(assertThrows(() => deleteSqliteLedger(file), LedgerError).message, message);
      assertEquals(Deno.readFileSync(file), before);
      assertEquals(await exists(`${file}-lock`), false);
    }));
}

Deno.test("another CA's ledger is refused in one line and stays unchanged", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeLedger(file);
    const before = Deno.readFileSync(file);
    const error = await assertRejects(
      () => openSqliteLedger({ file, ledgerId: "c3".repeat(32) }),
      LedgerError,
    );
    assertEquals(
      error.message,
      `cannot open the ledger ${file}: it belongs to the CA 5a5a5a5a5a5a5a5a…, not to ` +
        "c3c3c3c3c3c3c3c3…; use the certificates it was made with, or another file with --db",
    );
    assertEquals(Deno.readFileSync(file), before);
  }));

const places: [string, (folder: string) => string, string][] = [
  ["a folder", (folder) => folder, "it is a folder; give the path of a file"],
  ["a device", () => "/dev/null", "it is not a regular file; give the path of a file"],
];
for (const [sentence, place, text] of places) {
  Deno.test(`${sentence} in the ledger's place is refused in one line`, () =>
    inFolder(async (folder) => {
      const file = place(folder);
      const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError);
      assertEquals(error.message, `cannot open the ledger ${file}: ${text}`);
    }));
}

Deno.test("a folder that is missing or cannot be written is refused in one line", () =>
  inFolder(async (folder) => {
    // Not even root can make a file there.
    const unwritable = Deno.build.os === "linux" ? ["/proc"] : ["/System"];
    for (const parent of [`${folder}/missing`, ...unwritable]) {
      const error = await assertRejects(
        () => openSqliteLedger({ file: `${parent}/server.db`, ledgerId }),
        FileError,
      );
      assertEquals(
        error.message,
        `cannot make the file ${parent}/server.db-lock: its folder is missing or not writable: ` +
          "No such file or directory (os error 2)",
      );
    }
  }));

Deno.test("a tool beside the server never makes a ledger", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const error = await assertRejects(
      () => openSqliteLedger({ file, ledgerId, serve: false }),
      FileError,
    );
    assertEquals(error.message, `cannot open the ledger ${file}: there is no such file`);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("only their owner can read and write the files of an open ledger", () =>
  inFolder(async (folder) => {
    const ledger = await openSqliteLedger({ file: `${folder}/server.db`, ledgerId });
    await registerBoth(ledger);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(files, ["server.db", "server.db-lock", "server.db-shm", "server.db-wal"]);
    for (const name of files) {
      assertEquals(Deno.statSync(`${folder}/${name}`).mode! & 0o777, 0o600, name);
    }
    await ledger.close();
  }));

Deno.test("a name with a meaning in SQLite is an ordinary file", () =>
  inFolder(async (folder) => {
    for (const name of [":memory:", "file:a?mode=memory", "with space ü.db"]) {
      await makeLedger(`${folder}/${name}`);
      assertEquals(await exists(`${folder}/${name}`), true);
    }
  }));

Deno.test("a ledger has one server at a time, and other tools work beside it", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const first = await openSqliteLedger({ file, ledgerId });
    await registerBoth(first);
    const inUse = `the ledger ${file}: another server is using it; stop that one first`;
    const second = await assertRejects(() => openSqliteLedger({ file, ledgerId }), LedgerError);
    assertEquals(second.message, `cannot serve ${inUse}`);
    const deletion = assertThrows(() => deleteSqliteLedger(file), LedgerError);
    assertEquals(deletion.message, `cannot delete ${inUse}`);
    const tool = await openSqliteLedger({ file, ledgerId, serve: false });
    assertEquals((await tool.totals()).accounts, 2);
    await tool.close();
    assertEquals((await first.book(payment([alice, bob], 1))).outcome, "booked");
    await first.close();
    const third = await openSqliteLedger({ file, ledgerId });
    assertEquals((await third.totals()).entries, 2);
    await third.close();
  }));

Deno.test("deleting a ledger removes all its files, and a missing one is fine", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    deleteSqliteLedger(file);
    assertEquals([...Deno.readDirSync(folder)], []);
    await makeLedger(file);
    alter(file, "PRAGMA wal_checkpoint");
    deleteSqliteLedger(file);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

async function exists(file: string): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch {
    return false;
  }
}

for (const serve of [true, false]) {
  const who = serve ? "a server" : "a command";
  Deno.test(`${who} opens a ledger without its last transaction, which was killed half-way`, async () => {
    await inFolder(async (folder) => {
      const file = `${folder}/server.db`;
      await makeLedger(file);
      const killed = `${folder}/killed.db`;
      copyInTransaction(file, killed);
      const ledger = await openSqliteLedger({ file: killed, ledgerId, serve });
      assertEquals((await ledger.totals()).entries, 51);
      await ledger.close();
    });
  });
}

/**
 * Copies a ledger and its journal, as a program leaves them that is killed within a large
 * transaction.
 */
function copyInTransaction(file: string, copy: string): void {
  const database = new DatabaseSync(file);
  const run = (statement: string) => void database.prepare(statement).all();
  run("PRAGMA journal_mode = DELETE");
  // With one page of memory, SQLite writes to the file before the transaction ends.
  run("PRAGMA cache_size = 1");
  run("BEGIN");
  run("CREATE TABLE filling (bytes BLOB)");
  for (let row = 0; row < 100; row++) run("INSERT INTO filling VALUES (zeroblob(4000))");
  for (const suffix of ["", "-journal"]) Deno.copyFileSync(file + suffix, copy + suffix);
  database.close();
}

Deno.test("an account to which somebody added a certificate has none that may act as it", () =>
  withLedger(async ({ file, ledger }) => {
    const { certificate } = registration(alice, 0);
    assertEquals(await ledger.currentCertificate(alice), certificate.fingerprint);
    using other = otherConnection(file);
    other.run(
      `INSERT INTO certificate SELECT '${"ab".repeat(32)}', username, '${
        "cd".repeat(32)
      }', der, issued_at
        FROM certificate WHERE username = 'alice'`,
    );
    assertEquals(await ledger.currentCertificate(alice), undefined);
    assertEquals((await ledger.account(alice))?.certificate, undefined);
    const { outcome } = await ledger.book(payment([alice, bob], 1));
    assertEquals(outcome, "certificate_not_current");
  }));
