/** Columns that a string takes on a terminal. */
export function unicodeWidth(text: string): number;
