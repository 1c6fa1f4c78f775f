/**
 * Books payments until it is killed, eight at a time, and prints each acknowledged id. Arguments:
 * file, first id.
 */
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { alice, bob, ledgerId, payment } from "../ledger_samples.ts";

const [file, firstId] = Deno.args;
const ledger = await openSqliteLedger({ file: file!, ledgerId });
let id = Number(firstId);

async function bookOneAfterAnother(): Promise<never> {
  while (true) {
    const row = payment([alice, bob], 1, { id: id++, memo: "x".repeat(200) });
    const { outcome } = await ledger.book(row);
    if (outcome !== "booked") throw new Error(`${row.id}: ${outcome}`);
    Deno.stdout.writeSync(new TextEncoder().encode(`${row.id}\n`));
  }
}

await Promise.all(Array.from({ length: 8 }, bookOneAfterAnother));
