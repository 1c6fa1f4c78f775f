/**
 * What to type next, for errors about the certificates' folder.
 */

/** `micropay gencert …` for this folder. */
export function gencertCommandLine(folder: string, command?: "renew"): string {
  const out = folder === defaultFolder ? [] : ["--out", shellWord(folder)];
  return ["micropay", "gencert", ...(command === undefined ? [] : [command]), ...out].join(" ");
}

/** The folder where nobody says another one. */
export const defaultFolder = "certs";

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
