/**
 * Reads what `tmux capture-pane -e` writes: the text of a terminal with the codes of its looks.
 */
import { graphemesOf } from "../../src/cli/client/screen/text_field.ts";
import { widthOf } from "../../src/cli/client/screen/fitted_text.ts";

export interface Look {
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
  /** One of the first 16 colours; `undefined` for the terminal's own. */
  readonly foreground: number | undefined;
  readonly background: number | undefined;
}

/** Characters next to each other with the same look and the same width. */
export interface Run {
  readonly text: string;
  readonly look: Look;
  /** The column of its first character. */
  readonly column: number;
  /** How many columns it takes. */
  readonly columns: number;
}

export const plain: Look = {
  isBold: false,
  isDim: false,
  isUnderlined: false,
  isInverse: false,
  foreground: undefined,
  background: undefined,
};

/**
 * Returns the runs of each row. Blanks around a run are left out where
 * nobody can see them.
 *
 * @throws {Error} when the text has an escape code that is no look, or a look that is unknown here
 */
export function readTerminal(capture: string): Run[][] {
  // A look goes on in the next row until a code ends it.
  let look = plain;
  return capture.split("\n").map((line) => {
    const runs: Run[] = [];
    let column = 0;
    // deno-lint-ignore no-control-regex
    for (const [piece, codes] of line.matchAll(/\x1b\[([\d;]*)m|[^\x1b]+|\x1b/g)) {
      if (piece === "\x1b") throw new Error(`read a terminal: an unknown code in ${quoted(line)}`);
      if (codes !== undefined) look = applyCodes(look, codes);
      else {for (const text of piecesOf(piece)) {
          const columns = widthOf(text);
          // Some programs that draw SVG leave out blanks at the ends of a text.
          const shown = isVisible(look) ? text : text.trim();
          const start = column + text.indexOf(shown);
          if (shown !== "") {
            runs.push({ text: shown, look, column: start, columns: widthOf(shown) });
          }
          column += columns;
        }}
    }
    return runs;
  });
}

/** Cuts a text where its characters become wide or narrow, and at gaps of two or more blanks. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let width = 0;
  for (const part of text.split(/( {2,})/)) {
    let isNew = true;
    for (const character of graphemesOf(part)) {
      if (isNew || widthOf(character) !== width) pieces.push(character);
      else pieces.push(pieces.pop() + character);
      width = widthOf(character);
      isNew = false;
    }
  }
  return pieces;
}

/** Whether a blank with this look can be seen. */
function isVisible({ isInverse, isUnderlined, background }: Look): boolean {
  return isInverse || isUnderlined || background !== undefined;
}

function applyCodes(look: Look, codes: string): Look {
  return codes.split(";").map(Number).reduce(applyCode, look);
}

function applyCode(look: Look, code: number): Look {
  switch (code) {
    case 0:
      return plain;
    case 1:
      return { ...look, isBold: true };
    case 2:
      return { ...look, isDim: true };
    case 4:
      return { ...look, isUnderlined: true };
    case 7:
      return { ...look, isInverse: true };
    case 22:
      return { ...look, isBold: false, isDim: false };
    case 24:
      return { ...look, isUnderlined: false };
    case 27:
      return { ...look, isInverse: false };
    case 39:
      return { ...look, foreground: undefined };
    case 49:
      return { ...look, background: undefined };
  }
  const digit = code % 10;
  const isBright = code >= 90;
  const colour = isBright ? digit + 8 : digit;
  if (digit < 8 && [3, 9].includes(Math.floor(code / 10))) return { ...look, foreground: colour };
  if (digit < 8 && [4, 10].includes(Math.floor(code / 10))) return { ...look, background: colour };
  throw new Error(`read a terminal: the look with the code ${code} is unknown`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
