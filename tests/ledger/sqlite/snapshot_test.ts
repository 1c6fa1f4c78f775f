import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { LedgerError, MicropayError } from "../../../src/errors.ts";
import type { LedgerSnapshot } from "../../../src/ledger/snapshot.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import {
  alice,
  bob,
  carol,
  certificateOf,
  closeAccount,
  ledgerId,
  orderId,
  payment,
  presenceOf,
  refund,
  registration,
  revoke,
} from "../ledger_samples.ts";
import { mountSmallDisk } from "./small_disk.ts";
import { backupFile, inFolder, otherConnection, withLedger } from "./temporary_ledger.ts";

/** Returns the rows of all pages. */
async function all<Row>(pages: AsyncIterable<Row[]>): Promise<Row[]> {
  return (await Array.fromAsync(pages)).flat();
}

async function withSnapshot<T>(
  file: string,
  read: (snapshot: LedgerSnapshot) => Promise<T>,
): Promise<T> {
  await using snapshot = openSqliteSnapshot({ file });
  return await read(snapshot);
}

/**
 * After alice's opening: 2 alice to bob, 3 bob to alice as a refund, 4 alice to carol. Bob is
 * online, carol closed.
 */
async function fill(ledger: SqliteLedger): Promise<void> {
  await ledger.register(registration(carol, 0));
  await ledger.bringOnline(presenceOf(bob));
  await ledger.book(payment([alice, bob], 300, { id: 2, memo: "lunch" }));
  await ledger.book(refund([bob, alice], 100, { id: 3, of: 2 }));
  await ledger.book(payment([alice, carol], 5, { id: 4 }));
  await closeAccount(ledger, carol);
  await revoke(ledger, bob, "c0".repeat(32));
}

const at = "2026-11-23T12:00:00.000Z";

Deno.test("a snapshot returns the stored columns", () =>
  withLedger(async ({ file, ledger }) => {
    await fill(ledger);
    const { leaf, head } = (await ledger.entry(orderId(2)))!;
    await withSnapshot(file, async (snapshot) => {
      assertEquals(snapshot.ledgerId, ledgerId);
      assertEquals(await snapshot.lastNumber(), 6);
      const booking = payment([alice, bob], 300, { id: 2, memo: "lunch" });
      const second = {
        number: 2,
        id: orderId(2),
        kind: "payment",
        payer: "alice",
        payee: "bob",
        amount: 300,
        memo: "lunch",
        order_digest: booking.orderDigest,
        at,
        payer_balance: 999_700,
        payee_balance: 300,
        // The second row ends the subtree of two leaves, which is the whole tree then.
        subtrees: `${leaf}${head}`,
        refunds: null,
        request: null,
        iat: booking.iat,
        exp: booking.exp,
        signature: booking.signature,
        certificate: booking.certificate.fingerprint,
        der: booking.certificate.der,
      };
      assertEquals({ ...(await all(snapshot.entries()))[1] } as unknown, second);
      assertEquals({ ...(await snapshot.entryByNumber(2)) } as unknown, second);
      assertEquals({ ...(await snapshot.entryById(orderId(2))) } as unknown, second);
      assertEquals(await snapshot.entryByNumber(5), undefined);
      assertEquals(await snapshot.entryById("nothing"), undefined);
      assertEquals((await snapshot.refundsOf(orderId(2))).map(({ number }) => number), [3]);
      assertEquals(await snapshot.refundsOf(orderId(3)), []);
      assertEquals(await snapshot.account("carol"), (await all(snapshot.accounts()))[3]);
      assertEquals(await snapshot.account("nobody"), undefined);
      assertEquals((await all(snapshot.accounts())).map((row) => Object.values(row)), [
        ["@issuer", -1_000_000, 0, null],
        ["alice", 999_795, 0, null],
        ["bob", 200, 0, null],
        ["carol", 5, 0, at],
      ]);
      const changes = await all(snapshot.changes());
      assertEquals(
        changes.map(({ number, kind, username, at }) => [number, kind, username, at]),
        [[5, "closure", "carol", at], [6, "revocation", "bob", at]],
      );
      assertEquals(await snapshot.changesOf("bob"), changes.slice(1));
      assertEquals(await snapshot.changeByNumber(5), changes[0]);
      assertEquals(await snapshot.changeByNumber(4), undefined);
      const { fingerprint, keyFingerprint, der } = certificateOf(alice);
      const [certificate] = (await snapshot.certificatesOf([alice])).get(alice)!;
      const { fingerprint: f, key_fingerprint: k, issued_at, der: d } = certificate!;
      assertEquals([f, k, issued_at], [fingerprint, keyFingerprint, at]);
      assertEquals(new Uint8Array(d as Uint8Array), der);
      assertEquals([await snapshot.firstRepetition(), await Array.fromAsync(snapshot.faults())], [
        undefined,
        [],
      ]);
    });
  }));

Deno.test("the newest entries of an account are those of both sides, newest first", () =>
  withLedger(async ({ file, ledger }) => {
    await fill(ledger);
    await withSnapshot(file, async (snapshot) => {
      const numbersOf = async (name: string, limit = 10) =>
        (await snapshot.newestEntriesOf(name, limit)).map(({ number }) => number);
      assertEquals(await numbersOf("alice"), [4, 3, 2, 1]);
      assertEquals(await numbersOf("alice", 3), [4, 3, 2]);
      assertEquals(await numbersOf("bob"), [3, 2]);
      assertEquals(await numbersOf("@issuer"), [1]);
      assertEquals(await numbersOf("nobody"), []);
    });
  }));

Deno.test("a snapshot is one moment while the server continues", () =>
  withLedger(async ({ file, ledger }) => {
    const snapshot = openSqliteSnapshot({ file });
    const rows = snapshot.entries()[Symbol.asyncIterator]();
    assertEquals((await rows.next()).value?.length, 1);
    for (let id = 1; id <= 300; id++) {
      assertEquals((await ledger.book(payment([alice, bob], 1, { id }))).outcome, "booked");
    }
    assertEquals((await rows.next()).done, true);
    assertEquals([await snapshot.lastNumber(), await snapshot.entryById(orderId(1))], [
      1,
      undefined,
    ]);
    assertEquals((await all(snapshot.accounts())).map(({ balance }) => balance), [
      -1_000_000,
      1_000_000,
      0,
    ]);
    assertEquals(await Array.fromAsync(snapshot.faults()), []);
    await snapshot[Symbol.asyncDispose]();
    await withSnapshot(file, async (later) => assertEquals(await later.lastNumber(), 301));
  }));

Deno.test("reads of rows can be nested, and abandoned", () =>
  withLedger(async ({ file, ledger }) => {
    await fill(ledger);
    const snapshot = openSqliteSnapshot({ file });
    let pairs = 0;
    for await (const page of snapshot.entries()) {
      for (const { number } of page) {
        for await (const inner of snapshot.entries()) {
          assertEquals((await snapshot.entryByNumber(number as number))?.number, number);
          pairs += inner.filter((row) => row.number === number).length;
          break;
        }
      }
    }
    assertEquals(pairs, 4);
    for (let round = 0; round < 2; round++) await snapshot[Symbol.asyncDispose]();
    await assertRejects(() => snapshot.lastNumber(), LedgerError, "it was closed");
    await assertRejects(() => all(snapshot.entries()), LedgerError, "it was closed");
  }));

Deno.test("a snapshot does not and cannot change the file", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId });
    await ledger.register(registration(alice, 5));
    await ledger.close();
    const before = Deno.readFileSync(file);
    await withSnapshot(file, async (snapshot) => {
      assertEquals(await snapshot.lastNumber(), 1);
      assertEquals(await Array.fromAsync(snapshot.faults()), []);
    });
    assertEquals(Deno.readFileSync(file), before);
  }));

const refusals: [
  string,
  (folder: string) => string,
  MicropayError["code"],
  string,
][] = [
  ["no file", (folder) => `${folder}/none.db`, "file", "there is no such file"],
  ["a folder", (folder) => folder, "file", "it is a folder; give the path of a file"],
  [
    "a text",
    (folder) => {
      Deno.writeTextFileSync(`${folder}/diary`, "Dear diary,\n".repeat(900));
      return `${folder}/diary`;
    },
    "ledger",
    "it is not a database; choose another file with --db",
  ],
];
for (const [sentence, place, code, text] of refusals) {
  Deno.test(`${sentence} is refused in one line`, () =>
    inFolder((folder) => {
      const file = place(folder);
      const message = `cannot open the ledger ${file}: ${text}`;
      const error = assertThrows(() => openSqliteSnapshot({ file }), MicropayError);
      assertEquals([error.code, error.message], [code, message]);
      return Promise.resolve();
    }));
}

/** What a person with `sqlite3` can do to the file, and the faults that it then reports. */
const tampered: [string, string[], string][] = [
  [
    "a missing trigger",
    ["DROP TRIGGER entry_unchanged"],
    "the trigger entry_unchanged is missing or was changed",
  ],
  [
    "a trigger without effect",
    [
      "DROP TRIGGER entry_kept",
      "CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN SELECT 1; END",
    ],
    "the trigger entry_kept is missing or was changed",
  ],
  [
    "a foreign trigger",
    ["CREATE TRIGGER gift AFTER INSERT ON entry BEGIN UPDATE client SET balance = 9; END"],
    "the trigger gift is not one of this program's, and could change what is booked",
  ],
  [
    "an index without rows",
    ["DROP INDEX entry_refunds", "CREATE INDEX entry_refunds ON entry (refunds) WHERE number < 0"],
    "the index entry_refunds is missing or was changed",
  ],
  [
    "a view in a table's place",
    ["ALTER TABLE ledger RENAME TO other", "CREATE VIEW ledger AS SELECT * FROM other"],
    "the table ledger is missing or was changed",
  ],
  [
    "a certificate without an account",
    [
      "PRAGMA foreign_keys = OFF",
      "UPDATE certificate SET username = 'nobody' WHERE username = 'bob'",
    ],
    "a row of certificate refers to one of client that is not there",
  ],
];
for (const [sentence, statements, fault] of tampered) {
  Deno.test(`${sentence} is a fault of the file`, () =>
    withLedger(async ({ file, ledger }) => {
      await fill(ledger);
      {
        using other = otherConnection(file);
        for (const sql of statements) other.run(sql);
      }
      assertEquals(
        await withSnapshot(file, (snapshot) => Array.fromAsync(snapshot.faults())),
        [fault],
      );
    }));
}

Deno.test("foreign tables, indexes and views are no fault", () =>
  withLedger(async ({ file }) => {
    {
      using other = otherConnection(file);
      other.run("CREATE TABLE notes (text)");
      other.run("CREATE INDEX entry_kind ON entry (kind)");
      other.run("CREATE VIEW poor AS SELECT username FROM client WHERE balance < 5");
      other.run("ANALYZE");
    }
    assertEquals(
      await withSnapshot(file, (snapshot) => Array.fromAsync(snapshot.faults())),
      [],
    );
  }));

Deno.test("a repeated id is found without the index", () =>
  withLedger(async ({ file, ledger }) => {
    await fill(ledger);
    {
      using other = otherConnection(file);
      const table = String(other.value("SELECT sql FROM sqlite_schema WHERE name = 'entry'"));
      other.run("PRAGMA foreign_keys = OFF");
      other.run("PRAGMA legacy_alter_table = ON");
      other.run("ALTER TABLE entry RENAME TO entry_before");
      other.run(table.replace(" UNIQUE", ""));
      other.run("INSERT INTO entry SELECT * FROM entry_before");
      other.run("DROP TABLE entry_before");
      other.run(`UPDATE entry SET id = '${orderId(2)}' WHERE number > 2`);
    }
    await withSnapshot(file, async (snapshot) => {
      const repeated = { number: 3, id: orderId(2), entries_before: 2 };
      assertEquals({ ...await snapshot.firstRepetition() } as unknown, repeated);
      assert(
        (await Array.fromAsync(snapshot.faults())).includes(
          "the table entry is missing or was changed",
        ),
      );
    });
  }));

Deno.test("a number past 2^53 is read without loss", () =>
  withLedger(async ({ file }) => {
    {
      using other = otherConnection(file);
      other.run("DROP TRIGGER entry_unchanged");
      other.run("PRAGMA ignore_check_constraints = ON");
      other.run("UPDATE entry SET amount = 9007199254740993");
      other.run("UPDATE client SET balance = -9223372036854775808 WHERE username = 'bob'");
    }
    await withSnapshot(file, async (snapshot) => {
      assertEquals((await snapshot.entryByNumber(1))?.amount, 9007199254740993n);
      assertEquals((await all(snapshot.entries()))[0]?.amount, 9007199254740993n);
      assertEquals((await all(snapshot.accounts())).at(-1)?.balance, -9223372036854775808n);
    });
  }));

Deno.test("a damaged page is reported, and never crashes the reader", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId });
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    for (let id = 1; id <= 200; id++) {
      await ledger.book(payment([alice, bob], 1, { id, memo: "x".repeat(50) }));
    }
    await ledger.close();
    const whole = Deno.readFileSync(file);
    const pages = whole.length / 4096;
    assertGreater(pages, 20);
    let told = 0;
    for (let page = 2; page < pages; page++) {
      const bytes = whole.slice();
      bytes.fill(0xa5, page * 4096, page * 4096 + 64);
      Deno.writeFileSync(file, bytes);
      told += await isTold(file) ? 1 : 0;
    }
    assertEquals(told, pages - 2);
  }));

async function isTold(file: string): Promise<boolean> {
  try {
    return await withSnapshot(
      file,
      async (snapshot) => (await Array.fromAsync(snapshot.faults())).length > 0,
    );
  } catch (error) {
    assert(error instanceof LedgerError, String(error));
    return true;
  }
}

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();

Deno.test({
  name: "a backup on a disk that nobody can write to is read and copied",
  ignore: probe === undefined,
  fn: () =>
    withLedger(async ({ file, folder, ledger }) => {
      await fill(ledger);
      await using disk = (await mountSmallDisk("2m"))!;
      const backup = `${disk.folder}/backup.db`;
      await backupFile({ file, to: backup });
      await disk.setReadOnly(true);
      await withSnapshot(backup, async (snapshot) => {
        assertEquals(await snapshot.lastNumber(), 6);
        assertEquals(await Array.fromAsync(snapshot.faults()), []);
      });
      await backupFile({ file: backup, to: `${folder}/copy.db` });
      assertEquals(await withSnapshot(`${folder}/copy.db`, (copy) => copy.lastNumber()), 6);
    }),
});
