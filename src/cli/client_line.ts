/**
 * A client's command as it is typed in full, so that what a text asks for can be copied into a shell.
 */
import type { ClientRequest } from "./command_line.ts";

/** What of a request says which server, which account and which files are meant. */
export type ClientPlace = Pick<ClientRequest, "serverHost" | "serverPort" | "as" | "ca" | "home">;

/** Types the words of one command for the same server, account and files: `status ID` becomes the whole line. */
export type TypeCommand = (words: string) => string;

export function commandTyper(
  { serverHost, serverPort, as, ca, home }: ClientPlace,
): TypeCommand {
  const options = Object.entries({ as, ca, home }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellWord(value)}`]
  );
  return (words) =>
    ["micropay client", shellWord(serverHost), serverPort, ...options, words].join(" ");
}

function shellWord(word: string): string {
  return /^[\w@%+=:,.\/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
