/** The errors of a failed storage. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileError, LedgerError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { ledgerError } from "../../../src/ledger/sqlite/ledger_error.ts";
import { testWith } from "../../installed_tool.ts";
import { ledgerId } from "../ledger_samples.ts";
import { inFolder, registerBoth } from "./temporary_ledger.ts";

const damaged = "it is damaged or cut short; put a backup in its place";
const rows: readonly { errcode: number; message: string; says: string | RegExp }[] = [
  { errcode: 11, message: "database disk image is malformed", says: damaged },
  // SQLITE_CORRUPT_INDEX
  { errcode: 779, message: "database disk image is malformed", says: damaged },
  { errcode: 522, message: "disk I/O error", says: damaged }, // SQLITE_IOERR_SHORT_READ
  { errcode: 266, message: "disk I/O error", says: /^disk I\/O error while reading it or its log/ },
  { errcode: 1034, message: "disk I/O error", says: /^disk I\/O error while syncing it or its/ },
  { errcode: 5386, message: "disk I/O error", says: /^disk I\/O error while mapping the index of/ },
  { errcode: 10, message: "disk I/O error", says: /^disk I\/O error while using it or its log/ },
  { errcode: 1, message: "no such table: entry", says: "no such table: entry" },
  { errcode: 7, message: "out of memory", says: "out of memory" },
];
for (const { errcode, message, says } of rows) {
  Deno.test(`SQLite's ${message} (${errcode}) is reported as its kind of error`, () => {
    const error = Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });
    const failure = ledgerError("cannot read the ledger server.db", error);
    assert(failure instanceof LedgerError);
    const told = failure.message.slice("cannot read the ledger server.db: ".length);
    if (typeof says === "string") assertEquals(told, says);
    else assertMatch(told, says);
  });
}

Deno.test("a log that cannot be opened is not reported as a damaged ledger", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await (await openSqliteLedger({ file, ledgerId })).close();
    Deno.mkdirSync(`${file}-wal`);
    const error = await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError);
    assertEquals(
      error.message,
      `cannot open the ledger ${file}: it or its log cannot be opened; both and their folder have ` +
        "to be readable and writable for this user",
    );
  }));

testWith(
  ["bash"],
  "the error of a failing disk names file, operation and cause, and the ledger is intact",
  () =>
    inFolder(async (folder) => {
      const file = `${folder}/server.db`;
      const first = await openSqliteLedger({ file, ledgerId });
      await registerBoth(first);
      await first.close();
      // SQLite takes this file size limit for a disk error. The log's index fits, the log does not.
      const script = `trap "" XFSZ; ulimit -f 40; exec "$@"`;
      const child = new URL("booking_child.ts", import.meta.url).pathname;
      const args = [Deno.execPath(), "run", "--no-prompt", "--allow-all", child, file, "1000"];
      const command = new Deno.Command("bash", { args: ["-c", script, "bash", ...args] });
      const { code, stderr } = await command.output();
      const said = new TextDecoder().decode(stderr);
      assertEquals(code, 1);
      assert(
        said.includes(
          `cannot write the ledger ${file}: disk I/O error while writing it or its log`,
        ),
        said,
      );
      assert(!said.includes("damaged"));
      const again = await openSqliteLedger({ file, ledgerId });
      await again.close();
    }),
);
