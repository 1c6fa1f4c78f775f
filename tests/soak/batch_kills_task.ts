/** `deno task batch-kills`: 500 payments and ten kills; `--rounds N` sets the number of kills. */
import { numberOption } from "../number_option.ts";
import { batchKills } from "./batch_kills.ts";

const kills = numberOption("--rounds") ?? 10;
const paid = await batchKills({
  lines: 500,
  kills,
  onKill: ({ number, printed }) =>
    console.log(`kill ${number} of ${kills}: ${printed} lines had been printed`),
});
console.log(`${paid} of 500 lines are paid, each once`);
