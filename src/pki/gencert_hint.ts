/** The command lines that errors about the certificate folder recommend. */

/**
 * Returns the `micropay gencert` command line for this folder.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gencertCommandLine("my certs", "renew"), "micropay gencert renew --out 'my certs'");
 * ```
 */
export function gencertCommandLine(folder: string, command?: "renew"): string {
  const out = folder === defaultFolder ? [] : ["--out", shellWord(folder)];
  return ["micropay", "gencert", ...(command === undefined ? [] : [command]), ...out].join(" ");
}

/** The certificate folder when no option names one. */
export const defaultFolder = "certs";

/** Returns a word as a shell reads it, in quotation marks where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
