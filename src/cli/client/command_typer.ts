/**
 * A client's command line in full, so that people can copy it from a text into a shell.
 */
import type { AccountName } from "../../account_name.ts";
import { shellWord } from "../../pki/gencert_hint.ts";
import type { ClientRequest } from "../command_line/command_line.ts";

/** The part of a request that names the server, the account and the files. */
export type ClientPlace = Pick<ClientRequest, "serverHost" | "serverPort" | "as" | "ca" | "home">;

/**
 * Returns a command line for the same server, account and files: `status ID` becomes the whole
 * line. An empty text means the menu.
 *
 * @param as the account, where the request named none
 */
export type TypeCommand = (words: string, as?: AccountName) => string;

/** @returns a function that types commands for the place of a request */
export function commandTyper(
  { serverHost, serverPort, as, ca, home }: ClientPlace,
): TypeCommand {
  return (words, name) => {
    const options = Object.entries({ as: as ?? name, ca, home }).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option} ${shellWord(value)}`]
    );
    const whole = ["micropay client", shellWord(serverHost), serverPort, ...options];
    return (words === "" ? whole : [...whole, words]).join(" ");
  };
}
