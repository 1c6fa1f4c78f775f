/**
 * Draws terminals as an SVG that needs no font and no script of its own. Each terminal brings its
 * background, so that it can be read on a light page and on a dark one.
 */
import { type Look, readTerminal, type Run } from "./terminal_text.ts";

/** A terminal to draw. */
export interface DrawnTerminal {
  /** What a line above it says. */
  readonly title: string;
  /** What it shows, as `tmux capture-pane -e` writes it. */
  readonly capture: string;
}

/** Of one character, in pixels, like all lengths here. */
const columnWidth = 8.5;
const lineHeight = 20;
const padding = 16;
const titleHeight = 32;
const gap = 14;
const background = "#1c2128";
const foreground = "#cdd9e5";
/** The first 16 colours of a terminal. */
const colours = [
  ...["#545d68", "#f47067", "#57ab5a", "#c69026", "#539bf5", "#b083f0", "#39c5cf", "#909dab"],
  ...["#636e7b", "#ff938a", "#6bc46d", "#daaa3f", "#6cb6ff", "#dcbdfb", "#56d4dd", "#cdd9e5"],
];

/** @returns the SVG, one terminal below the other; the same terminals give the same text */
export function drawTerminals(
  terminals: readonly DrawnTerminal[],
  { title, columns }: { readonly title: string; readonly columns: number },
): string {
  const width = columns * columnWidth + 2 * padding;
  const parts: string[] = [];
  let top = 0;
  for (const terminal of terminals) {
    const rows = readTerminal(terminal.capture);
    const height = titleHeight + rows.length * lineHeight + padding;
    parts.push(
      `<rect y="${top}" width="${width}" height="${height}" rx="8" fill="${background}"/>`,
      `<text class="title" x="${padding}" y="${top + 21}">${escaped(terminal.title)}</text>`,
    );
    for (const [at, runs] of rows.entries()) {
      const y = top + titleHeight + at * lineHeight;
      parts.push(...runs.map((run) => drawRun(run, y)));
    }
    top += height + gap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top - gap}" role="img">`,
    `<title>${escaped(title)}</title>`,
    "<style>",
    `text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: ${foreground}; white-space: pre }`,
    ".title { font: 600 13px system-ui, sans-serif; fill: #909dab }",
    "</style>",
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function drawRun({ text, look, column, columns }: Run, y: number): string {
  const x = padding + column * columnWidth;
  const width = columns * columnWidth;
  const { fill, behind } = colourOf(look);
  const box = behind === undefined
    ? ""
    : `<rect x="${x}" y="${y}" width="${width}" height="${lineHeight}" fill="${behind}"/>`;
  const properties = [
    fill === foreground ? "" : `fill: ${fill}`,
    look.isBold ? "font-weight: 600" : "",
    look.isDim ? "opacity: 0.6" : "",
    look.isUnderlined ? "text-decoration: underline" : "",
  ].filter((property) => property !== "");
  // An attribute would not win over the rule for all texts.
  const style = properties.length === 0 ? "" : ` style="${properties.join("; ")}"`;
  // Each font is stretched to the same columns, so that no text leaves its place.
  const place = `x="${x}" y="${y + 14}" textLength="${width}" lengthAdjust="spacingAndGlyphs"`;
  return `${box}<text ${place}${style}>${escaped(text)}</text>`;
}

function colourOf(look: Look): { readonly fill: string; readonly behind: string | undefined } {
  const fill = look.foreground === undefined ? foreground : colours[look.foreground]!;
  const behind = look.background === undefined ? undefined : colours[look.background]!;
  return look.isInverse ? { fill: behind ?? background, behind: fill } : { fill, behind };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
