/**
 * Books payments at the interface of a ledger in PostgreSQL, as fast as it can, in a process of its
 * own. It reads one JSON command per line and answers each with one JSON line. The orders have no
 * real signatures, which a store does not check.
 */
import process from "node:process";
import { parseAccountName } from "../../src/account_name.ts";
import { openPostgresLedger } from "../../src/ledger/postgres/open_postgres_ledger.ts";
import { systemRandom } from "../../src/random.ts";
import { accessTo } from "../ledger/postgres/temporary_postgres.ts";
import { ledgerId, payment, registration } from "../ledger/ledger_samples.ts";
import { readLines } from "../read_lines.ts";

/** What the process is started with, as JSON in its first argument. */
export interface StoreOptions {
  readonly url: string;
  /** The number of this process. Each has accounts and ids of its own. */
  readonly place: number;
}

/** Books for some seconds, with so many bookings at a time. */
export interface StoreCommand {
  readonly atOnce: number;
  readonly seconds: number;
}

export interface StoreFigures {
  readonly booked: number;
  /** CPU time of this process for them. */
  readonly cpuMs: number;
}

const accounts = 64;

async function main(): Promise<void> {
  const { url, place } = JSON.parse(Deno.args[0]!) as StoreOptions;
  const ledger = await openPostgresLedger({
    access: accessTo(url),
    ledgerId,
    random: systemRandom,
  });
  const names = Array.from({ length: accounts }, (_, at) => parseAccountName(`p${place}a${at}`)!);
  await Promise.all(names.map((name) => ledger.register(registration(name, 1_000_000_000))));
  let id = (place + 1) * 100_000_000;
  console.log("{}");
  for await (const line of readLines(Deno.stdin.readable)) {
    const { atOnce, seconds } = JSON.parse(line) as StoreCommand;
    const before = process.cpuUsage();
    const endMs = performance.now() + 1000 * seconds;
    let booked = 0;
    await Promise.all(Array.from({ length: atOnce }, async (_, at) => {
      for (let turn = at; performance.now() < endMs; turn++) {
        const sides = [names[turn % accounts]!, names[(turn + 1) % accounts]!] as const;
        const { outcome } = await ledger.book(payment(sides, 1, { id: id++ }));
        if (outcome !== "booked") throw new Error(`book: ${outcome}`);
        booked++;
      }
    }));
    const { user, system } = process.cpuUsage(before);
    const figures: StoreFigures = { booked, cpuMs: (user + system) / 1000 };
    console.log(JSON.stringify(figures));
  }
  await ledger.close();
}

if (import.meta.main) await main();
