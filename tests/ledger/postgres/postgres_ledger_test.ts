import { systemRandom } from "../../../src/random.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { postgresTool, testWith } from "../../installed_tool.ts";
import { ledgerContract } from "../ledger_contract.ts";
import { ledgerId } from "../ledger_samples.ts";
import { accessTo, emptyLedger, sharedPostgres } from "./temporary_postgres.ts";

if (postgresTool("initdb") === undefined) {
  testWith(["initdb"], "PostgreSQL ledger: the contract of every ledger", () => {});
} else {
  ledgerContract("PostgreSQL ledger", async () => {
    const access = accessTo(await emptyLedger(await sharedPostgres()));
    const open = () => openPostgresLedger({ access, ledgerId, random: systemRandom });
    let ledger = await open();
    return {
      ledger,
      reopen: async () => {
        await ledger.close();
        return ledger = await open();
      },
      dispose: () => ledger.close(),
    };
  });
}
