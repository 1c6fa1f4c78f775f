/**
 * `deno task soak`: 200 rounds of payments, SIGKILL, restart and check, or as many as `--rounds N` says.
 */
import { crashRounds } from "./crash_rounds.ts";

const at = Deno.args.indexOf("--rounds");
const rounds = at === -1 ? 200 : Number(Deno.args[at + 1]);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(`--rounds ${Deno.args[at + 1]}: a whole number from 1`);
  Deno.exit(2);
}
await crashRounds({
  rounds,
  pairs: 8,
  onRound: ({ number, attempts, payments, receipts }) =>
    console.log(
      `round ${number} of ${rounds}: ${attempts} payments tried, ${payments} booked, ` +
        `${receipts} receipts found, none in doubt`,
    ),
});
