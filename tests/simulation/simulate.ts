/**
 * `deno task simulate`: runs histories by seed. `--seeds N` runs N of them (default 100), and
 * `--first S` sets the first seed (default 1). `--seed S` runs one history and prints all of it.
 */
import { numberOption } from "../number_option.ts";
import { makeAuthorities } from "./authorities.ts";
import { type History, simulate } from "./history.ts";
import { ImmediateCrypto } from "./immediate_crypto.ts";
import type { Authorities } from "./simulated_server.ts";

const reportEvery = 500;

async function main(): Promise<void> {
  using _crypto = new ImmediateCrypto();
  const authorities = await makeAuthorities();
  const one = numberOption("--seed");
  const failing = one === undefined
    ? await simulateMany(authorities)
    : await simulateOne(one, authorities);
  Deno.exitCode = failing === 0 ? 0 : 1;
}

async function simulateMany(authorities: Authorities): Promise<number> {
  const first = numberOption("--first") ?? 1;
  const seeds = numberOption("--seeds") ?? 100;
  const sums = { happenings: 0, faults: 0, payments: 0, failing: 0 };
  const startMs = performance.now();
  for (let done = 1; done <= seeds; done++) {
    const seed = first + done - 1;
    const history = await simulate(seed, { authorities });
    sums.happenings += history.trace.lines.length;
    sums.faults += history.faults;
    sums.payments += history.payments;
    if (history.wrong.length > 0) {
      sums.failing++;
      console.log(failureText(seed, history));
    }
    if (done % reportEvery === 0 || done === seeds) {
      const perSecond = (done / ((performance.now() - startMs) / 1000)).toFixed(1);
      console.log(
        `${done} of ${seeds} histories: ${sums.happenings} lines, ${sums.faults} faults, ` +
          `${sums.payments} payments booked, ${sums.failing} histories wrong (${perSecond}/s)`,
      );
    }
  }
  return sums.failing;
}

async function simulateOne(seed: number, authorities: Authorities): Promise<number> {
  const history = await simulate(seed, { authorities });
  for (const line of history.trace.lines) console.log(line);
  console.log(history.wrong.length === 0 ? "all is well" : failureText(seed, history));
  return history.wrong.length;
}

/** What is wrong, and how to see how it came to that. */
export function failureText(seed: number, { wrong }: History): string {
  return `seed ${seed}: ${wrong.join("; ")}\n  see it with: deno task simulate --seed ${seed}`;
}

if (import.meta.main) await main();
