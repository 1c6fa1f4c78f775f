import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { ledgerContract } from "./ledger_contract.ts";
import { ledgerId } from "./ledger_samples.ts";

ledgerContract("SQLite ledger", async () => {
  const folder = await Deno.makeTempDir({ prefix: "micropay-ledger-" });
  const open = () => openSqliteLedger({ file: `${folder}/server.db`, ledgerId });
  let ledger: Ledger = await open();
  return {
    ledger,
    reopen: async () => {
      await ledger.close();
      return ledger = await open();
    },
    dispose: async () => {
      await ledger.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});
