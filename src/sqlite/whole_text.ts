/**
 * Reads texts that may have a NUL.
 */

/**
 * Returns the SQL expression that reads a text column completely.
 *
 * The runtime ends a text at its first NUL, and SQLite does not. So an id with a NUL at its end
 * would look like another id. This program writes no NUL. A text with one is read as bytes, which a
 * decoder of texts refuses.
 */
export function wholeText(column: string): string {
  return `CASE WHEN instr(${column}, char(0)) > 0 THEN CAST(${column} AS BLOB) ELSE ${column} END AS ${column}`;
}
