import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { LedgerBusyError, LedgerFullError } from "../../../src/errors.ts";
import type { BookOutcome } from "../../../src/ledger/ledger.ts";
import { memoCharactersMax } from "../../../src/memo.ts";
import { createLedgerFile } from "../../../src/ledger/sqlite/create_ledger_file.ts";
import { openLedgerFile } from "../../../src/ledger/sqlite/ledger_file.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { alice, bob, ledgerId, payment, presenceOf } from "../ledger_samples.ts";
import { mountSmallDisk, type SmallDisk } from "./small_disk.ts";
import { inFolder, registerBoth } from "./temporary_ledger.ts";

const memo = "\u{1f967}".repeat(memoCharactersMax);

/** Books single units, several at once, until one is refused. */
async function bookUntilRefused(ledger: SqliteLedger, firstId: number): Promise<{
  booked: number;
  reasons: unknown[];
  nextId: number;
}> {
  for (let [booked, id] = [0, firstId]; id < firstId + 10_000;) {
    const wave = Array.from(
      { length: 4 },
      () => payment([alice, bob], 1, { id: id++, memo }),
    );
    const results = await Promise.allSettled(wave.map((row) => ledger.book(row)));
    const done = results.filter((result): result is PromiseFulfilledResult<BookOutcome> =>
      result.status === "fulfilled"
    );
    booked += done.filter(({ value }) => value.outcome === "booked").length;
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
    if (reasons.length > 0) return { booked, reasons, nextId: id };
  }
  throw new Error("nobody was refused");
}

/**
 * Fills the disk, checks that no booking is partial, makes room, and checks that bookings continue.
 */
async function fillAndRecover(ledger: SqliteLedger, makeRoom: () => void): Promise<void> {
  await registerBoth(ledger);
  await ledger.bringOnline(presenceOf(alice));
  const { booked, reasons, nextId } = await bookUntilRefused(ledger, 0);
  assertEquals(reasons.length, 4, "all of the batch is refused");
  for (const reason of reasons) assertInstanceOf(reason, LedgerFullError);
  const requireExactly = async (count: number) => {
    assertEquals((await ledger.account(bob))?.balance, count);
    const { entries, balanceSum } = await ledger.totals();
    assertEquals([entries, balanceSum], [count + 1, 0]);
  };
  await requireExactly(booked);
  // More than what had no room.
  const larger = Array.from(
    { length: 8 },
    (_, at) => payment([alice, bob], 1, { id: nextId + at, memo }),
  );
  for (const result of await Promise.allSettled(larger.map((row) => ledger.book(row)))) {
    assert(result.status === "rejected");
    assertInstanceOf(result.reason, LedgerFullError);
    assertStringIncludes(result.reason.message, "no room");
  }
  await ledger.takeOffline(alice);
  await requireExactly(booked);
  makeRoom();
  const again = payment([alice, bob], 1, { id: nextId, memo });
  assertEquals((await ledger.book(again)).outcome, "booked");
  await requireExactly(booked + 1);
  assertEquals(await ledger.presence(alice), undefined);
}

async function limitedLedger(folder: string, pagesMax: number) {
  const file = `${folder}/server.db`;
  await createLedgerFile(file, ledgerId);
  const database = openLedgerFile(file, ledgerId);
  database.prepare(`PRAGMA max_page_count = ${pagesMax}`).get();
  return { database, ledger: new SqliteLedger(database, { file, ledgerId, lock: undefined }) };
}

Deno.test("a database at its largest size refuses whole bookings, and goes on when it may grow", () =>
  inFolder(async (folder) => {
    const { database, ledger } = await limitedLedger(folder, 60);
    await fillAndRecover(ledger, () => void database.prepare("PRAGMA max_page_count = 600").get());
    await ledger.close();
  }));

Deno.test("a database that becomes read-only refuses bookings, and continues when it is writable", () =>
  inFolder(async (folder) => {
    const { database, ledger } = await limitedLedger(folder, 600);
    await registerBoth(ledger);
    database.prepare("PRAGMA query_only = ON").all();
    await assertRejects(() => ledger.book(payment([alice, bob], 1)), LedgerBusyError, "read-only");
    assertEquals((await ledger.account(alice))?.balance, 1_000_000);
    database.prepare("PRAGMA query_only = OFF").all();
    assertEquals((await ledger.book(payment([alice, bob], 1))).outcome, "booked");
    await ledger.close();
  }));

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();
const ignore = probe === undefined;

async function onSmallDisk(size: string, run: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const disk = await mountSmallDisk(size);
  assert(disk);
  try {
    await run(disk);
  } finally {
    await disk[Symbol.asyncDispose]();
  }
}

for (const ballastBytes of [100_000, 103_000, 105_000]) {
  const sentence =
    `a disk that is really full (ballast of ${ballastBytes} bytes) refuses whole bookings, ` +
    "and goes on when there is room";
  Deno.test({ name: sentence, ignore }, () =>
    onSmallDisk("700k", async ({ folder }) => {
      const ballast = `${folder}/ballast`;
      Deno.writeFileSync(ballast, new Uint8Array(ballastBytes));
      const file = `${folder}/server.db`;
      const ledger = await openSqliteLedger({ file, ledgerId });
      await fillAndRecover(ledger, () => Deno.removeSync(ballast));
      const totals = await ledger.totals();
      await ledger.close();
      const again = await openSqliteLedger({ file, ledgerId });
      assertEquals(await again.totals(), totals);
      await again.close();
    }));
}

Deno.test(
  { name: "no room for a new ledger is one clear line and leaves nothing", ignore },
  () =>
    onSmallDisk("16k", async ({ folder }) => {
      await assertRejects(
        () => openSqliteLedger({ file: `${folder}/server.db`, ledgerId }),
        LedgerFullError,
        `cannot make the ledger ${folder}/server.db: there is no room left on its disk`,
      );
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(left.filter((name) => name !== "server.db-lock"), []);
    }),
);

Deno.test(
  { name: "a ledger on a read-only disk is refused at the start in one line", ignore },
  () =>
    onSmallDisk("2m", async (disk) => {
      const file = `${disk.folder}/server.db`;
      await (await openSqliteLedger({ file, ledgerId })).close();
      await disk.setReadOnly(true);
      const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), Error);
      assertEquals(
        error.message,
        `cannot open the ledger ${file}: it or its log cannot be opened; both and their folder have to be readable ` +
          "and writable for this user",
      );
      await disk.setReadOnly(false);
      await (await openSqliteLedger({ file, ledgerId })).close();
    }),
);
