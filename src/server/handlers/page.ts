/** Cuts lists into pages that fit a line. */
import { Buffer } from "node:buffer";
import { bodyBytesMax } from "../../limits.ts";

/** Room in the body for everything beside the rows. */
const otherBytes = 256;

export interface PageOptions {
  /** Rows of one page at the most. */
  readonly rowsMax?: number;
}

/** The room for rows in one message's body. */
export class PageRoom {
  #bytes = otherBytes;

  /**
   * Takes the room of JSON values, if there is enough for all. There is always enough for the first
   * ones, so that a page has a row.
   *
   * @returns whether there was
   */
  take(values: readonly unknown[]): boolean {
    const isFirst = this.#bytes === otherBytes;
    let bytes = this.#bytes;
    for (const value of values) bytes += Buffer.byteLength(JSON.stringify(value)) + 1;
    if (bytes > bodyBytesMax && !isFirst) return false;
    this.#bytes = bytes;
    return true;
  }
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
  const room = new PageRoom();
  const end = rows.slice(0, rowsMax).findIndex((row) => !room.take([row]));
  return rows.slice(0, end === -1 ? rowsMax : end);
}

/** Cuts all rows into pages, see {@link pageOf}. */
export function pagesOf<Row>(rows: readonly Row[], options: PageOptions = {}): Row[][] {
  const pages: Row[][] = [];
  for (let rest = rows; rest.length > 0; rest = rest.slice(pages.at(-1)!.length)) {
    pages.push(pageOf(rest, options));
  }
  return pages;
}
