/**
 * Rows of the screen: parts of text, each with a look. A row is exactly as wide as its pane,
 * whatever it says.
 */
import { fitHarmless, harmless, widthOf } from "./fitted_text.ts";
import type { Look } from "./theme.ts";

export interface Part {
  readonly text: string;
  readonly look: Look;
}

export type Row = readonly Part[];

/**
 * A text, which may be foreign, with its look and its columns. Without them: as wide as it is. A
 * {@link Part} is our own text, such as an icon, and is drawn as it is.
 */
export type Content = string | readonly [text: string, look: Look, columns?: number] | Part;

/**
 * Returns a row of contents one after the other. What does not fit is cut, and the rest of the
 * columns is blank.
 */
export function row(columns: number, ...contents: readonly Content[]): Row {
  const parts: Part[] = [];
  let left = columns;
  for (const content of contents) {
    const { text, look, width } = measured(content);
    if (Math.min(left, width) <= 0) continue;
    parts.push({ text: fitHarmless(text, Math.min(left, width)), look });
    left -= Math.min(left, width);
  }
  if (left > 0) parts.push({ text: " ".repeat(left), look: "plain" });
  return parts;
}

/** Returns a row with contents at its left end and others at its right end, which go first. */
export function rowWithEnds(
  columns: number,
  left: readonly Content[],
  right: readonly Content[],
): Row {
  const wanted = right.reduce((sum, content) => sum + measured(content).width, 0);
  const width = Math.min(columns, wanted);
  return [...row(columns - width, ...left), ...row(width, ...right)];
}

function measured(content: Content) {
  if (typeof content === "object" && "text" in content) {
    return { ...content, width: widthOf(content.text) };
  }
  const [given, look, columns] = typeof content === "string"
    ? [content, "plain"] as const
    : content;
  const text = harmless(given);
  return { text, look, width: columns ?? widthOf(text) };
}

/** Returns so many rows: the given ones, cut or followed by blank ones. */
export function rowsOfHeight(rows: readonly Row[], count: number, columns: number): Row[] {
  const filled = rows.slice(0, Math.max(0, count));
  while (filled.length < count) filled.push(row(columns));
  return filled;
}

/** Returns two panes of the same height side by side, with a line between them. */
export function beside(left: readonly Row[], right: readonly Row[], line: string): Row[] {
  return left.map((leftRow, at) => [...leftRow, { text: line, look: "quiet" }, ...right[at]!]);
}

/** Returns the index of the first item in sight, so that the chosen one is in sight too. */
export function firstInSight(chosen: number, length: number, count: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(count / 2), length - count));
}
