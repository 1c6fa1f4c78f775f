import { PostgresCopyTarget } from "../../../src/ledger/postgres/copy_target.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { accessTo } from "./temporary_postgres.ts";

/** Copies a ledger's file into an empty database, without an audit. */
export async function copyToPostgres(
  { file, url }: { readonly file: string; readonly url: string },
): Promise<void> {
  await using source = openSqliteSnapshot({ file });
  const { ledgerId } = source;
  const target = { access: accessTo(url), ledgerId, attempt: "cannot copy the ledger of a test" };
  await using copy = await PostgresCopyTarget.make(target);
  await copy.fill(source);
  await copy.finish();
}
