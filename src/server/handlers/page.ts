/**
 * Replies that list things are cut into pages that fit a line.
 */
import { bodyBytesMax } from "../../limits.ts";

/** Room in the body for everything beside the rows. */
const otherBytes = 1024;

/**
 * As many rows from the start as fit into one reply's body.
 *
 * @returns at least the first row, if there is one: a single row always fits
 */
export function pageOf<Row>(rows: readonly Row[], { rowsMax }: { rowsMax: number }): Row[] {
  const encoder = new TextEncoder();
  const page: Row[] = [];
  let bytes = otherBytes;
  for (const row of rows.slice(0, rowsMax)) {
    bytes += encoder.encode(JSON.stringify(row)).length + 1;
    if (bytes > bodyBytesMax && page.length > 0) break;
    page.push(row);
  }
  return page;
}
