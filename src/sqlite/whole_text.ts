/**
 * Reading texts that may hold a NUL.
 */

/**
 * Returns the SQL expression that reads a column of text whole.
 *
 * The runtime ends a text at its first NUL, and SQLite does not. An id with a NUL at its end would be
 * another id to every search, and the same id to the program that reads it. We write no NUL. A text
 * that holds one is read as bytes, so a decoder that expects a text refuses it.
 */
export function wholeText(column: string): string {
  return `CASE WHEN instr(${column}, char(0)) > 0 THEN CAST(${column} AS BLOB) ELSE ${column} END AS ${column}`;
}
