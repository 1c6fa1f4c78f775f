/**
 * `deno task soak`: 200 rounds of payments, SIGKILL, restart and check; `--rounds N` sets the
 * number. With `--minutes N`, 50 members pay each other at random for N minutes. Every ten seconds
 * there is a fault: cut connections, SIGSTOP, a full disk or SIGKILL.
 */
import { numberOption } from "../number_option.ts";
import { crashRounds } from "./crash_rounds.ts";
import { faultMinutes } from "./fault_minutes.ts";

const minutes = numberOption("--minutes");
if (minutes === undefined) await crash(numberOption("--rounds") ?? 200);
else await fault(minutes);

async function crash(rounds: number): Promise<void> {
  await crashRounds({
    rounds,
    members: 16,
    onRound: ({ number, attempts, payments, receipts }) =>
      console.log(
        `round ${number} of ${rounds}: ${attempts} payments tried, ${payments} booked, ` +
          `${receipts} receipts found, none in doubt`,
      ),
  });
}

async function fault(minutes: number): Promise<void> {
  const endMs = performance.now() + minutes * 60_000;
  const { attempts, payments, receipts, faults, refusals } = await faultMinutes({
    members: 50,
    isEnough: () => performance.now() >= endMs,
    everyMs: 10_000,
    pauseMsMax: 1000,
    say: (line) => console.log(line),
  });
  console.log(`faults: ${JSON.stringify(faults)}`);
  console.log(`refused, by code: ${JSON.stringify(refusals)}`);
  console.log(
    `${attempts} payments tried, ${payments} booked, ${receipts} receipts found, none in doubt; ` +
      "the ledger and every member's audit are in order",
  );
}
