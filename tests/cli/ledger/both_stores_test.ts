/**
 * The commands that read a ledger print the same for a file and for its copy in PostgreSQL, and for
 * the backup of that copy.
 */
import { assertEquals } from "@std/assert";
import { runCommand } from "../../end_to_end/command.ts";
import { testWith } from "../../installed_tool.ts";
import { copyToPostgres } from "../../ledger/postgres/postgres_copy.ts";
import { sharedPostgres } from "../../ledger/postgres/temporary_postgres.ts";
import { openSampleBooks } from "../../operator/books.ts";

const commands = [["balances"], ["show", "4"], ["show", "alice"], ["export"], ["audit"]];

testWith(["initdb"], "the reading ledger commands print the same for both stores", async () => {
  await using books = await openSampleBooks();
  const { file, folder } = books;
  const url = (await sharedPostgres()).makeDatabase();
  await copyToPostgres({ file, url });
  const run = async (command: readonly string[], db: string) => {
    const options = ["--db", db, "--certs", `${folder}/certs`];
    const { code, stdout } = await runCommand(["ledger", ...command, ...options], { env: {} });
    const lines = stdout.split("\n");
    return { code, lines: lines.filter((line) => !line.startsWith("rate ")) };
  };
  for (const command of commands) {
    const [expected, found] = await Promise.all([file, url].map((db) => run(command, db)));
    assertEquals(found, expected, command.join(" "));
    assertEquals(found!.code, 0, command.join(" "));
  }
  const backup = `${folder}/kept.db`;
  assertEquals(await run(["backup", backup], url), { code: 0, lines: [backup, ""] });
  assertEquals(await run(["audit"], backup), await run(["audit"], file));
});
