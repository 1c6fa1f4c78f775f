/**
 * Replacing and deleting a ledger that others have open. Processes are stopped or killed before
 * each of their steps, and another one acts meanwhile.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MicropayError } from "../../../src/errors.ts";
import { openRestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, noonMs, orderId, payment } from "../ledger_samples.ts";
import { type PausedAction, PausedProcess } from "./paused_process.ts";
import { backupFile, inFolder, registerBoth, restoreFrom } from "./temporary_ledger.ts";

/** More steps than any child has. */
const stepsMax = 80;
/** The bookings of the child, beside it, and at the end. */
const [childs, besides, lasts] = [777, 778, 779];

interface Place {
  readonly folder: string;
  readonly file: string;
  readonly backup: string;
}

/**
 * A backup without members, and the ledger of a killed server: its members and a payment are only
 * in its log.
 */
async function makePlace(folder: string): Promise<Place> {
  const [served, file, backup] = [`${folder}/served.db`, `${folder}/server.db`, `${folder}/b.db`];
  const ledger = await openSqliteLedger({ file: served, ledgerId });
  await registerBoth(ledger);
  await backupFile({ file: served, to: backup });
  await ledger.book(payment([alice, bob], 1, { id: 1 }));
  for (const suffix of ["", "-wal"]) Deno.copyFileSync(`${served}${suffix}`, `${file}${suffix}`);
  await ledger.close();
  assert(Deno.statSync(`${file}-wal`).size > 0);
  return { folder, file, backup };
}

/**
 * Runs a test in a new folder for each step of a child, or each `stride`th, until the child has no
 * further step.
 */
async function atEachStep(
  action: string,
  { stride = 1 }: { readonly stride?: number },
  run: (place: Place, child: PausedAction) => Promise<void>,
): Promise<void> {
  const template = await Deno.makeTempDir({ prefix: "micropay-place-" });
  let process = new PausedProcess();
  try {
    const made = await makePlace(template);
    for (let step = 0;; step += stride) {
      assert(step < stepsMax, "the child has no end");
      let isPast = false;
      await inFolder(async (folder) => {
        const place = { folder, file: `${folder}/server.db`, backup: `${folder}/b.db` };
        for (const suffix of ["", "-wal"]) {
          Deno.copyFileSync(`${made.file}${suffix}`, `${place.file}${suffix}`);
        }
        Deno.copyFileSync(made.backup, place.backup);
        const child = await process.act(action, place, step);
        try {
          isPast = child.pausedAt === undefined;
          if (!isPast) await run(place, child);
        } catch (error) {
          throw new Error(`${action} stopped before step ${step}, ${child.pausedAt}`, {
            cause: error,
          });
        }
      });
      if (process.isKilled) process = new PausedProcess();
      if (isPast) return;
    }
  } finally {
    await process[Symbol.asyncDispose]();
    await Deno.remove(template, { recursive: true });
  }
}

async function book(file: string, id: number, options: { serve: boolean }): Promise<boolean> {
  try {
    const ledger = await openSqliteLedger({ file, ledgerId, ...options });
    try {
      const { outcome } = await ledger.book(payment([alice, bob], 1, { id }));
      return outcome === "booked";
    } finally {
      await ledger.close();
    }
  } catch (error) {
    // The error must be one for operators, and no other.
    assert(error instanceof MicropayError, String(error));
    return false;
  }
}

/** Returns the ids of all payments in a ledger, which must be complete. */
async function idsIn(file: string): Promise<string[]> {
  await using snapshot = openSqliteSnapshot({ file });
  assertEquals(await Array.fromAsync(snapshot.faults()), [], file);
  const entries = (await Array.fromAsync(snapshot.entries())).flat();
  return entries.filter(({ kind }) => kind === "payment")
    .map(({ id }) => String(id));
}

/**
 * Checks each ledger in the folder except the backup: it is complete, has one name and no foreign
 * log.
 */
async function idsByLedger({ folder, file }: Place): Promise<Map<string, string[]>> {
  const ids = new Map<string, string[]>();
  for (const { name } of [...Deno.readDirSync(folder)]) {
    const path = `${folder}/${name}`;
    if (path !== file && !/^server\.db\.replaced-[^-]+-[^-]+-[^-]+Z$/.test(name)) continue;
    assertEquals(Deno.statSync(path).nlink, 1, path);
    ids.set(path, await idsIn(path));
  }
  return ids;
}

/**
 * Checks that each acknowledged booking is in the ledger or the kept one, and that the ledger
 * continues.
 */
async function requireWhole(place: Place, acknowledged: readonly number[]): Promise<void> {
  assert(await book(place.file, lasts, { serve: true }), "the ledger goes on");
  const ids = await idsByLedger(place);
  const all = [...ids.values()].flat();
  for (const id of [1, ...acknowledged]) assert(all.includes(orderId(id)), `${id} is lost`);
  assert(ids.get(place.file)!.includes(orderId(lasts)));
}

/** A person's `sqlite3`, which opens the ledger for writing and reads. */
class IdleReader {
  readonly #database: DatabaseSync;

  constructor(file: string, { read }: { read: boolean }) {
    this.#database = new DatabaseSync(file);
    if (read) this.read();
  }

  read(): void {
    try {
      this.#database.prepare("PRAGMA busy_timeout = 0").get();
      this.#database.prepare("SELECT count(*) FROM entry").get();
    } catch {
      // It may be locked out. What it sees of a replaced ledger does not matter.
    }
  }

  close(): void {
    this.read();
    this.#database.close();
  }
}

for (const [read, stride] of [[true, 4], [false, 1]] as const) {
  const sentence = read ? "reads" : "opens";
  Deno.test(`a restore that is stopped at any step is safe from a deposit, and from a sqlite3 that ${sentence} the ledger`, () =>
    atEachStep("restore", { stride }, async (place, child) => {
      const reader = new IdleReader(place.file, { read });
      const booked = await book(place.file, besides, { serve: false });
      if (child.holdsLock) assert(!booked, "a deposit while the ledger is replaced");
      const outcome = await child.resume();
      assertMatch(outcome, /^ended (kept |refused: .*(has it open|is using it|locked))/);
      // The restored ledger has its log now. The reader still has the old file.
      const server = await openSqliteLedger({ file: place.file, ledgerId });
      await server.book(payment([alice, bob], 1, { id: 2 }));
      reader.read();
      await server.book(payment([alice, bob], 1, { id: 3 }));
      reader.close();
      await server.close();
      await requireWhole(place, booked ? [besides, 2, 3] : [2, 3]);
    }));
}

Deno.test("a restore killed at any step leaves the old or the restored ledger, and the next command continues", () =>
  atEachStep("restore", {}, async (place, child) => {
    await child.kill();
    const booked = await book(place.file, besides, { serve: false });
    assert(booked, "a deposit is possible at once");
    await requireWhole(place, [besides]);
    using again = openRestorePlace(place.file);
    await restoreFrom(place.backup, again, noonMs + 1);
    assertEquals(await idsIn(place.file), []);
  }));

for (const action of ["write", "serve"]) {
  const who = action === "write" ? "a deposit" : "a server";
  Deno.test(`${who} that is stopped at any step loses nothing that it acknowledges to a restore`, () =>
    atEachStep(action, {}, async (place, child) => {
      try {
        using restoring = openRestorePlace(place.file);
        await restoreFrom(place.backup, restoring, noonMs);
      } catch (error) {
        assert(error instanceof MicropayError, String(error));
        assertMatch(error.message, /is writing to it|is using it|has it open|locked/);
      }
      const outcome = await child.resume();
      assertMatch(outcome, /^ended (booked|refused: .*(try again|no such file|is using it))/);
      await requireWhole(place, outcome === "ended booked" ? [childs] : []);
    }));
}

Deno.test("a reset stopped or killed at any step leaves the ledger or none, and no log for the next one", () =>
  atEachStep("reset", {}, async (place, child) => {
    if (child.step % 2 === 1) await child.kill();
    else {
      await book(place.file, besides, { serve: false });
      assertMatch(await child.resume(), /^ended (deleted|refused)/);
    }
    deleteSqliteLedger(place.file);
    const next = await openSqliteLedger({ file: place.file, ledgerId });
    await registerBoth(next);
    await next.close();
    assert(await book(place.file, lasts, { serve: true }));
    assertEquals(await idsIn(place.file), [orderId(lasts)]);
  }));
