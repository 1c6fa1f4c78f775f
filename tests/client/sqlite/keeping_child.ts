/**
 * Keeps orders and receipts, eight at a time, until it is killed. It prints that it begins, then
 * each number once it is acknowledged.
 * Arguments: file, first number.
 */
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { named } from "../../server/test_server.ts";
import { ledger, orderId, orderOf, receiptOf } from "../wallet/wallet_rows.ts";

const [file, first] = Deno.args;
const { outbox, receipts } = new SqliteWalletStore(file!).account(ledger, named("alice"));
let next = Number(first);

const say = (line: string | number) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

async function keepOneAfterAnother(): Promise<never> {
  while (true) {
    const number = next++;
    const id = orderId(number);
    const order = orderOf(id);
    await outbox.add(order);
    if (!await receipts.add(...receiptOf(number))) throw new Error(`${id} was there`);
    await outbox.remove(order);
    say(number);
  }
}

say("begins");
await Promise.all(Array.from({ length: 8 }, keepOneAfterAnother));
