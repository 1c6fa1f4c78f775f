/**
 * `deno task server-kills`: 24 members pay across three servers on one PostgreSQL. In each of
 * `--rounds N` rounds a server is killed five times, the database crashes once, and is away once.
 */
import { numberOption } from "../number_option.ts";
import { serverKills, type SharedFault } from "./server_kills.ts";

const rounds = numberOption("--rounds") ?? 2;
const round: readonly SharedFault[] = [
  ...["server", "server", "crash", "server", "server", "away", "server"] as const,
];
const { attempts, payments, receipts, refusals } = await serverKills({
  servers: 3,
  members: 24,
  faults: Array.from({ length: rounds }, () => round).flat(),
  everyMs: 5000,
  awayMs: 20_000,
  pauseMsMax: 500,
  say: (line) => console.log(line),
});
console.log(`refused, by code: ${JSON.stringify(refusals)}`);
console.log(
  `${attempts} payments tried, ${payments} booked, ${receipts} receipts found, none in doubt; ` +
    "the ledger and every member's audit are in order",
);
