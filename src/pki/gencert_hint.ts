/** The command lines that errors about the certificate folder recommend. */

/**
 * Returns the `micropay gencert` command line for this folder.
 *
 * @param caFolder the folder of the CA, if it is another one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gencertCommandLine("my certs", "renew"), "micropay gencert renew --out 'my certs'");
 * ```
 */
export function gencertCommandLine(
  folder: string,
  command?: "renew",
  caFolder?: string,
): string {
  const words = ["micropay", "gencert"];
  if (command !== undefined) words.push(command);
  if (caFolder !== undefined) words.push("--ca-from", shellWord(caFolder));
  if (folder !== defaultFolder) words.push("--out", shellWord(folder));
  return words.join(" ");
}

/** The certificate folder when no option names one. */
export const defaultFolder = "certs";

/** Returns a word as a shell reads it, in quotation marks where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
