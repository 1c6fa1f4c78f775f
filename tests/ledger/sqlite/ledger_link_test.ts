/** A ledger with several names. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError, LedgerError } from "../../../src/errors.ts";
import { openRestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, noonMs, payment } from "../ledger_samples.ts";
import { backupFile, inFolder, registerBoth, restoreFrom } from "./temporary_ledger.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

async function entriesIn(file: string): Promise<number> {
  await using snapshot = openSqliteSnapshot({ file });
  return await snapshot.lastNumber();
}

/** A ledger in one folder, and links to it and its folder in another. */
async function withLinks(
  run: (at: { file: string; links: string[]; folder: string }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const [here, there] = [`${folder}/here`, `${folder}/there`];
    for (const made of [here, there]) Deno.mkdirSync(made);
    const file = `${here}/server.db`;
    Deno.symlinkSync("../here/server.db", `${there}/link.db`);
    Deno.symlinkSync("link.db", `${there}/chain.db`);
    Deno.symlinkSync(here, `${there}/folder`);
    const links = [`${there}/link.db`, `${there}/chain.db`, `${there}/folder/server.db`];
    await run({ file, links, folder: here });
    assertEquals(namesIn(there), ["chain.db", "folder", "link.db"], "the links stay, alone");
  });
}

Deno.test("a symbolic link to a ledger leads to the ledger's own lock and log", () =>
  withLinks(async ({ file, links, folder }) => {
    // Through a dangling link, the ledger is made at the link's target.
    const server = await openSqliteLedger({ file: links[0]!, ledgerId });
    await registerBoth(server);
    const backup = `${folder}/backup.db`;
    await backupFile({ file: links[1]!, to: backup });
    await server.book(payment([alice, bob], 1));
    for (const link of links) {
      const inUse = `the ledger ${file}: another server is using it; stop that one first`;
      const second = await assertRejects(
        () => openSqliteLedger({ file: link, ledgerId }),
        LedgerError,
      );
      assertEquals(second.message, `cannot serve ${inUse}`);
      assertThrows(() => openRestorePlace(link), LedgerError, `cannot restore ${inUse}`);
      assertThrows(() => deleteSqliteLedger(link), LedgerError, `cannot delete ${inUse}`);
      assertEquals(await entriesIn(link), 2);
    }
    await server.close();

    for (const [index, link] of links.entries()) {
      using place = openRestorePlace(link);
      await assertRejects(() => restoreFrom(file, place, noonMs), FileError, "the same file");
      const kept = (await restoreFrom(backup, place, noonMs + index))!;
      assertEquals([kept.slice(0, file.length), await entriesIn(kept)], [
        file,
        index === 0 ? 2 : 1,
      ]);
      assertEquals(await entriesIn(file), 1);
    }
    for (const link of links) {
      deleteSqliteLedger(link);
      assertEquals(namesIn(folder).filter((name) => /^server\.db(-.*)?$/.test(name)), []);
      await (await openSqliteLedger({ file: link, ledgerId })).close();
    }
    assertEquals(await entriesIn(file), 0);
  }));

Deno.test("a ledger with a second name is refused, and stays unchanged", () =>
  inFolder(async (folder) => {
    const [file, second, backup] = [`${folder}/server.db`, `${folder}/2.db`, `${folder}/b.db`];
    const ledger = await openSqliteLedger({ file, ledgerId });
    await registerBoth(ledger);
    await backupFile({ file, to: backup });
    await ledger.close();
    Deno.linkSync(file, second);
    const before = Deno.readFileSync(file);
    const says = "the file has 2 names (hard links); find them with find -samefile";
    for (const name of [file, second]) {
      for (const serve of [true, false]) {
        await assertRejects(
          () => openSqliteLedger({ file: name, ledgerId, serve }),
          FileError,
          says,
        );
      }
      assertThrows(() => openRestorePlace(name), FileError, says);
      assertThrows(() => deleteSqliteLedger(name), FileError, says);
      assertThrows(() => openSqliteSnapshot({ file: name }), FileError, says);
      await assertRejects(() => backupFile({ file: name, to: `${folder}/c.db` }), FileError, says);
    }
    assertEquals(Deno.readFileSync(file), before);
    Deno.removeSync(second);

    // A backup has no log, and backup programs hard-link unchanged files.
    Deno.linkSync(backup, second);
    assertEquals(await entriesIn(second), 1);
    using place = openRestorePlace(file);
    await restoreFrom(second, place, noonMs);
  }));

Deno.test("a link to itself is refused in one line", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    Deno.symlinkSync("server.db", file);
    const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError);
    assertEquals(error.message.split("\n").length, 1);
    assertEquals(error.message.startsWith(`cannot look for the ledger ${file}: `), true);
  }));
