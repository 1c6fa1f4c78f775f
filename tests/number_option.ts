/**
 * What a task is told on its command line: `--rounds 200`. Ends the process with 2 when what stands there is no whole number from 1.
 *
 * @returns `undefined` when the option is not there
 */
export function numberOption(name: string): number | undefined {
  const at = Deno.args.indexOf(name);
  if (at === -1) return undefined;
  const number = Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${name} ${Deno.args[at + 1]}: a whole number from 1`);
  Deno.exit(2);
}
