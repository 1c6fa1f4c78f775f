/**
 * The part of an edited text that fits into one row, for the forms of the screen and for the menu.
 */
import { harmless, widthOf } from "./fitted_text.ts";
import type { TextField } from "./screen_state.ts";
import { graphemesOf } from "./text_field.ts";

/**
 * Returns the part of a field's text around the cursor, and the cursor's column in it. It looks at
 * this part only, because a long text may have been pasted.
 */
export function shownField(
  { text, cursor, isSecret }: Pick<TextField, "text" | "cursor" | "isSecret">,
  columns: number,
  { secret }: { readonly secret: string },
): { readonly text: string; readonly cursor: number } {
  const shown = (character: string) => isSecret ? secret : shownCharacter(character);
  const characters = graphemesOf(text);
  let before = "";
  let width = 0;
  for (const character of characters.slice(0, cursor).reverse()) {
    const one = shown(character);
    if (width + widthOf(one) > columns - 1) break;
    before = one + before;
    width += widthOf(one);
  }
  // One more than fits, so that the cut shows.
  const after = characters.slice(cursor, cursor + columns + 1).map(shown).join("");
  return { text: before + after, cursor: width };
}

/** A person edits a backslash as one character. */
export function shownCharacter(character: string): string {
  return character === "\\" ? character : harmless(character);
}
