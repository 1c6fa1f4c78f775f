/** The contract of every ledger, on PostgreSQL. */
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { systemRandom } from "../../../src/random.ts";
import { postgresTool, testWith } from "../../installed_tool.ts";
import { type ContractOptions, ledgerContract } from "../ledger_contract.ts";
import { ledgerId } from "../ledger_samples.ts";
import { accessTo, emptyLedger, nameOf, sharedPostgres } from "./temporary_postgres.ts";

/**
 * Registers the contract's tests.
 *
 * @param prepare statements for the empty database, before its first ledger is opened
 */
export function postgresContract(
  name: string,
  prepare: (database: string) => readonly string[] = () => [],
  options: ContractOptions = {},
): void {
  if (postgresTool("initdb") === undefined) {
    testWith(["initdb"], `${name}: the contract of every ledger`, () => {});
    return;
  }
  let isPrepared = false;
  ledgerContract(name, async () => {
    const postgres = await sharedPostgres();
    const url = await emptyLedger(postgres);
    if (!isPrepared) prepare(nameOf(url)).forEach((one) => postgres.psql(nameOf(url), one));
    isPrepared = true;
    const open = () =>
      openPostgresLedger({ access: accessTo(url), ledgerId, random: systemRandom });
    let ledger = await open();
    return {
      ledger,
      reopen: async () => {
        await ledger.close();
        return ledger = await open();
      },
      dispose: () => ledger.close(),
    };
  }, options);
}
