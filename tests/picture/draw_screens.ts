/**
 * Draws terminals as an SVG that needs no font and no script of its own.
 */
import type { Screen } from "./session.ts";

const columns = 96;
/** Of one character, in pixels, like all lengths here. */
const columnWidth = 8.5;
const lineHeight = 20;
const padding = 16;
const titleHeight = 32;
const gap = 14;
const width = columns * columnWidth + 2 * padding;

/** @returns the SVG, one terminal below the other; the same screens give the same text */
export function drawScreens(screens: readonly Screen[]): string {
  const parts: string[] = [];
  let top = 0;
  for (const { title, lines } of screens) {
    const rows = lines.flatMap(rowsOf);
    const height = titleHeight + rows.length * lineHeight + padding;
    parts.push(
      `<rect y="${top}" width="${width}" height="${height}" rx="8" fill="#1c2128"/>`,
      `<text class="title" x="${padding}" y="${top + 21}">${escaped(title)}</text>`,
      ...rows.map((row, at) => drawRow(row, top + titleHeight + (at + 1) * lineHeight - 6)),
    );
    top += height + gap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top - gap}" role="img">`,
    "<title>Alice pays Bob: the terminals of the operator, of Bob and of Alice</title>",
    "<style>",
    "text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #cdd9e5; white-space: pre }",
    ".title { font: 600 13px system-ui, sans-serif; fill: #909dab }",
    ".typed { fill: #8ddb8c; font-weight: 600 }",
    "</style>",
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

interface Row {
  readonly text: string;
  /** Whether a person typed it. */
  readonly isTyped: boolean;
}

/** Breaks a line where the terminal's last column is. */
function rowsOf(line: string): readonly Row[] {
  const isTyped = line.startsWith("$ ");
  const rows: Row[] = [];
  const characters = [...line];
  do rows.push({ text: characters.splice(0, columns).join(""), isTyped }); while (
    characters.length > 0
  );
  return rows;
}

function drawRow({ text, isTyped }: Row, y: number): string {
  if (text === "") return "";
  const name = isTyped ? ' class="typed"' : "";
  // Every font is stretched to the same columns, so that no line leaves its terminal.
  const length = (text.length * columnWidth).toFixed(1);
  return `<text${name} x="${padding}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${
    escaped(text)
  }</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
