/**
 * `deno task fuzz`: 10,000 rounds of every target. `--rounds N` sets the number and `--target`
 * chooses one target. `--seed S` and `--path P` of a report repeat a finding. It exits with 1 when
 * there is a finding.
 */
import { parseArgs } from "./fuzz_arguments.ts";
import { fuzz, type FuzzReport, type Memory } from "./fuzz_rounds.ts";
import { targets } from "./targets.ts";

/** Ends that are shown of each target. */
const endsShown = 40;
const options = parseArgs(Deno.args, targets.map(({ name }) => name));
if (typeof options === "string") {
  console.error(options);
  Deno.exit(2);
}
let isFound = false;
for (const { name, share, open } of targets) {
  if (options.target !== undefined && options.target !== name) continue;
  const rounds = options.target === undefined
    ? Math.max(1, Math.round(options.rounds * share))
    : options.rounds;
  await using target = await open();
  const tenth = Math.max(1, Math.ceil(rounds / 10));
  console.log(`${name}: ${rounds} rounds, seed ${options.seed}`);
  const onRound = (done: number) => done % tenth === 0 && console.error(`  ${done} of ${rounds}`);
  const report = await fuzz(target, { ...options, rounds, onRound });
  show(report);
  isFound ||= report.found !== undefined;
}
Deno.exit(isFound ? 1 : 0);

function show(report: FuzzReport): void {
  const { rounds, elapsedMs, ends, found, memoryBefore, memoryAfter } = report;
  const perSecond = Math.round(rounds / elapsedMs * 1000);
  console.log(`  ${rounds} rounds in ${(elapsedMs / 1000).toFixed(1)} s, ${perSecond} a second`);
  console.log(`  memory before: ${memoryText(memoryBefore)}; after: ${memoryText(memoryAfter)}`);
  for (const [end, count] of ends.slice(0, endsShown)) console.log(`  ${count} × ${end}`);
  if (ends.length > endsShown) console.log(`  and ${ends.length - endsShown} other ends`);
  console.log(found === undefined ? "  found: nothing" : `  found: ${found}`);
}

function memoryText({ held, resident }: Memory): string {
  return `${mebibytes(held)} MiB heap and external, ${mebibytes(resident)} MiB resident`;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
