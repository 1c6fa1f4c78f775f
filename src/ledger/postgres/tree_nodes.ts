/** Reads nodes of the Merkle tree from the rows that store them, many at once. */
import { LedgerError } from "../../errors.ts";
import { largestSubtree, rootOf } from "../merkle_tree.ts";
import type { Entry } from "../entry.ts";
import { entryFromRow, integerIn, textIn } from "../rows.ts";
import { arrayText, type Row, type Session } from "./session.ts";
import { sql } from "./statements.ts";

/** Returns the hashes that these rows store, in hexadecimal digits, by row number. */
export async function subtreesOf(
  session: Session,
  numbers: readonly number[],
): Promise<Map<number, string>> {
  if (numbers.length === 0) return new Map();
  const rows = await session.query(sql.roots, [arrayText([...new Set(numbers)])]);
  return new Map(rows.map((row) => [integerIn(row, "number"), textIn(row, "subtrees")]));
}

/**
 * Returns the head after each of these rows.
 *
 * @throws {LedgerError} when a row is missing
 */
export async function headsAfter(
  session: Session,
  numbers: readonly number[],
): Promise<string[]> {
  const ends = numbers.map(endsOf);
  const stored = await subtreesOf(session, ends.flat());
  return ends.map((ends, at) => {
    const size = numbers[at]!;
    const subtrees = ends.map((end) => stored.get(end)?.slice(-64) ?? missing(size));
    return rootOf({ size, subtrees });
  });
}

/** Returns the entries of rows, each with the head after it. */
export async function entriesFrom(session: Session, rows: readonly Row[]): Promise<Entry[]> {
  const decoded = rows.map(entryFromRow);
  const heads = await headsAfter(session, decoded.map(({ number }) => number));
  return decoded.map(({ subtrees, ...entry }, at) => {
    return { ...entry, leaf: subtrees.slice(0, 64), head: heads[at]! };
  });
}

/** Returns the rows that end the largest subtrees of a tree of this size, the first one first. */
function endsOf(size: number): number[] {
  const ends: number[] = [];
  for (let end = size; end > 0; end -= largestSubtree(end)) ends.unshift(end);
  return ends;
}

function missing(size: number): never {
  throw new LedgerError(
    `cannot read the ledger: a row up to number ${size} is missing; audit it`,
  );
}
