/** `deno task restarts`: 20 restarts of the server; `--rounds N` sets the number. */
import { numberOption } from "../number_option.ts";
import { restartRounds } from "./restart_rounds.ts";

const rounds = numberOption("--rounds") ?? 20;
const payments = await restartRounds({
  rounds,
  onRound: ({ number, printed }) =>
    console.log(`restart ${number} of ${rounds}: ${printed} payments printed`),
});
console.log(`${payments} payments were printed, each once`);
