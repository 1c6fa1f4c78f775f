/**
 * A client's command line in full, so that people can copy it from a text into a shell.
 */
import type { AccountName } from "../../account_name.ts";
import { shellWord } from "../../pki/gencert_hint.ts";
import { serverWords } from "../command_line/option_values.ts";
import type { AddressedRequest } from "./choose_ledger.ts";

/**
 * Returns a command line for the same servers, account and files: `status ID` becomes the whole
 * line. An empty text means the menu. A joined ledger needs no address, and the account that joined
 * it no `--as`.
 *
 * @param as the account, where the request named none
 */
export type TypeCommand = (words: string, as?: AccountName) => string;

export function commandTyper(
  { servers, joined, as, ca, home }: Pick<
    AddressedRequest,
    "servers" | "joined" | "as" | "ca" | "home"
  >,
): TypeCommand {
  return (words, name) => {
    const ledger = joined?.isLast ? undefined : joined?.name;
    const account = as ?? name;
    const named = { ledger, as: account === joined?.account ? undefined : account, ca, home };
    const options = Object.entries(named).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option} ${shellWord(value)}`]
    );
    const [hosts, port] = serverWords(servers);
    const address = joined ? [] : [shellWord(hosts), port];
    const whole = ["micropay client", ...address, ...options];
    return (words === "" ? whole : [...whole, words]).join(" ");
  };
}
