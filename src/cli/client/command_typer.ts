/**
 * A client's command line in full, so that people can copy it from a text into a shell.
 */
import type { AccountName } from "../../account_name.ts";
import { shellWord } from "../../pki/gencert_hint.ts";
import type { ClientRequest } from "../command_line/command_line.ts";

/**
 * Returns a command line for the same server, account and files: `status ID` becomes the whole
 * line. An empty text means the menu.
 *
 * @param as the account, where the request named none
 */
export type TypeCommand = (words: string, as?: AccountName) => string;

export function commandTyper(
  { serverHost, serverPort, as, ca, home }: Pick<
    ClientRequest,
    "serverHost" | "serverPort" | "as" | "ca" | "home"
  >,
): TypeCommand {
  return (words, name) => {
    const options = Object.entries({ as: as ?? name, ca, home }).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option} ${shellWord(value)}`]
    );
    const whole = ["micropay client", shellWord(serverHost), serverPort, ...options];
    return (words === "" ? whole : [...whole, words]).join(" ");
  };
}
