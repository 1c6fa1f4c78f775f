/** Opens a ledger as its server does, which brings it up to date, and ends. Argument: file. */
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { ledgerId } from "../ledger_samples.ts";

const file = Deno.args[0]!;
Deno.stdout.writeSync(new TextEncoder().encode("now\n"));
const ledger = await openSqliteLedger({ file, ledgerId });
await ledger.close();
