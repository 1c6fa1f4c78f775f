/**
 * Stores receipts that another process stores too, and prints the numbers of the new ones.
 * Arguments: file, how many.
 */
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { named } from "../../server/test_server.ts";
import { ledger, receiptOf } from "../wallet/wallet_rows.ts";

const [file, count] = Deno.args;
const store = new SqliteWalletStore(file!);
const { receipts } = store.account(ledger, named("alice"));
for (let number = 1; number <= Number(count); number++) {
  if (await receipts.add(...receiptOf(number))) console.log(number);
}
store.close();
