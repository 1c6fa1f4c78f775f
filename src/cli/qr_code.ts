/**
 * A QR code in a terminal, for somebody with a camera. It is an extra beside the printed text, so
 * it is left out where it would not be scanned.
 */
import { encode } from "uqr";
import { isUtf8Locale } from "./locale.ts";
import type { ProcessIo } from "./process_io.ts";

export interface QrCodeLook {
  /** Columns of the terminal. A broken line makes the whole code unreadable. */
  readonly columns: number;
  /** Rows of the terminal. A camera sees no line that has scrolled away. */
  readonly rows: number;
  /** Whether the terminal shows the half blocks of Unicode. */
  readonly hasBlocks: boolean;
  readonly hasColours: boolean;
}

/**
 * Light modules around the code. ISO/IEC 18004 asks for four. Cameras find the code without them
 * only on light paper, and a terminal may be dark right beside it.
 */
const quietModules = 4;

/**
 * Black on white, from the fixed part of the 256 colours. So the code is dark on light on every
 * background, and no theme changes it as it may change the first 16 colours.
 */
const blackOnWhite = "\x1b[38;5;16;48;5;231m";
const ownColours = "\x1b[0m";

/**
 * Returns the lines of the QR code that holds the text.
 *
 * Without colours, the light modules are drawn. That is right on a dark background, and inverted on
 * a light one, which the scanners of phones read too.
 *
 * @returns `undefined` when the text is too long for a QR code, or the code for the terminal
 */
export function qrCode(text: string, look: QrCodeLook): string | undefined {
  const modules = modulesOf(text, look);
  if (modules === undefined) return undefined;
  const lines = look.hasBlocks ? blockLines(modules, look) : asciiLines(modules, look);
  return lines.map((line) => look.hasColours ? blackOnWhite + line + ownColours : line).join("\n");
}

/**
 * Returns the QR code as {@link qrCode} for the terminal at the standard output.
 *
 * @returns `undefined` also when the standard output is no terminal, or moves no cursor
 */
export function terminalQrCode(
  text: string,
  { environment, outputSize }: Pick<ProcessIo, "environment" | "outputSize">,
): string | undefined {
  const size = outputSize();
  if (size === undefined || environment("TERM") === "dumb") return undefined;
  return qrCode(text, {
    ...size,
    hasBlocks: isUtf8Locale(environment),
    hasColours: !environment("NO_COLOR"),
  });
}

/** Returns rows of modules with the quiet zone, `true` where they are dark. */
function modulesOf(
  text: string,
  { columns, rows, hasBlocks }: QrCodeLook,
): boolean[][] | undefined {
  try {
    const { data, size } = encode(text, { border: quietModules, boostEcc: true });
    const [width, height] = hasBlocks ? [size, Math.ceil(size / 2)] : [2 * size, size];
    // The prompt takes a row.
    return width <= columns && height < rows ? data : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Two rows of modules in a line. What is drawn is dark with colours, and light without. */
function blockLines(modules: readonly boolean[][], { hasColours }: QrCodeLook): string[] {
  const lines: string[] = [];
  for (let y = 0; y < modules.length; y += 2) {
    const [upper = [], lower = []] = [modules[y], modules[y + 1]];
    lines.push(
      upper.map((dark, x) => {
        const top = dark === hasColours;
        // The number of rows is odd. Below the last one, nothing is drawn.
        const bottom = y + 1 < modules.length && lower[x] === hasColours;
        if (top) return bottom ? "█" : "▀";
        return bottom ? "▄" : " ";
      }).join(""),
    );
  }
  return lines;
}

/** A row of modules in a line. Each has two columns, because a character is higher than wide. */
function asciiLines(modules: readonly boolean[][], { hasColours }: QrCodeLook): string[] {
  return modules.map((row) => row.map((dark) => dark === hasColours ? "##" : "  ").join(""));
}
