/**
 * Makes a large ledger with real signatures, to measure the audit on:
 *
 *     deno run -A tests/operator/large_ledger.ts FOLDER 100000
 *     micropay ledger audit --db FOLDER/server.db --certs FOLDER/certs
 */
import { ManualClock } from "../manual_clock.ts";
import { openBooks } from "./books.ts";

const memberCount = 50;

/**
 * Makes 50 members who pay each other in turn. Every seventh payment has a memo, and every eleventh
 * is refunded in part.
 */
export async function makeLargeLedger(
  { folder, entries }: { folder: string; entries: number },
): Promise<void> {
  const clock = new ManualClock(Date.now() - entries * 1000);
  const books = await openBooks({ folder, clock });
  const names = Array.from({ length: memberCount }, (_, index) => `member-${index}`);
  for (const name of names) await books.register(name, 1_000_000);
  for (let number = memberCount + 1; number <= entries;) {
    clock.advance(1000);
    // Bookings of one batch share a commit, as under load.
    const batch: Promise<unknown>[] = [];
    for (let place = 0; place < 100 && number <= entries; place++, number++) {
      const from = names[number % memberCount]!;
      const to = names[(number * 7 + 1) % memberCount]!;
      if (from === to) {
        batch.push(books.move([from, names[(number + 1) % memberCount]!], 1));
        continue;
      }
      const memo = number % 7 === 0 ? { memo: `for number ${number}` } : {};
      const payment = await books.move([from, to], 1 + number % 5, memo);
      if (number % 11 === 0 && number < entries) {
        number++;
        batch.push(books.move([to, from], 1, { refunds: payment.id }));
      }
    }
    await Promise.all(batch);
  }
  await books.ledger.close();
}

if (import.meta.main) {
  const [folder, entries] = Deno.args;
  await Deno.mkdir(folder!, { recursive: true });
  await makeLargeLedger({ folder: folder!, entries: Number(entries) });
}
