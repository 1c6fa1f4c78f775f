/** Cuts lists into pages that fit a line. */
import { bodyBytesMax } from "../../limits.ts";

/** Room in the body for everything beside the rows. */
const otherBytes = 1024;

export interface PageOptions {
  /** Rows of one page at the most. */
  readonly rowsMax?: number;
}

/**
 * Takes as many rows from the start as fit into one message's body.
 *
 * @returns at least the first row, if there is one: a single row always fits
 */
export function pageOf<Row>(
  rows: readonly Row[],
  { rowsMax = Infinity }: PageOptions = {},
): Row[] {
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

/** Cuts all rows into pages, see {@link pageOf}. */
export function pagesOf<Row>(rows: readonly Row[], options: PageOptions = {}): Row[][] {
  const pages: Row[][] = [];
  for (let rest = rows; rest.length > 0; rest = rest.slice(pages.at(-1)!.length)) {
    pages.push(pageOf(rest, options));
  }
  return pages;
}
