/**
 * Returns the number of an option such as `--rounds 200`, or `undefined` without it. Ends the
 * process with 2 when the value is not a whole number from 1.
 */
export function numberOption(name: string): number | undefined {
  const at = Deno.args.indexOf(name);
  if (at === -1) return undefined;
  const number = Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${name} ${Deno.args[at + 1]}: a whole number from 1`);
  Deno.exit(2);
}
