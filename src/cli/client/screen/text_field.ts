/**
 * Edits one line of text by keys. It counts graphemes, so that the cursor never stands inside a
 * character that a person sees as one.
 */
import type { Key } from "./key.ts";
import type { TextField } from "./screen_state.ts";

/** UTF-16 units of a field. The longest text is a request's URI; a paste may be anything. */
export const fieldLengthMax = 4096;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Returns the characters of a text as a person counts them. */
export function graphemesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Returns a field that holds a text, with the cursor at its end. */
export function textField(
  label: string,
  { text = "", completions = [] }: Partial<Pick<TextField, "text" | "completions">> = {},
): TextField {
  return { label, text, cursor: graphemesOf(text).length, completions };
}

/**
 * Returns the field after a key. A key that changes the text removes the fault.
 *
 * @returns `undefined` when the key does not belong to a line of text, such as Enter, Escape, up
 * and down, and Tab where nothing completes the text
 */
export function editField(field: TextField, key: Key): TextField | undefined {
  const { before, after } = split(field);
  switch (key.name) {
    case "text":
      return insert(field, key.text);
    case "backspace":
      return withText(field, before.slice(0, -1), after);
    case "delete":
    case "ctrl d":
      return withText(field, before, after.slice(1));
    case "ctrl u":
      return withText(field, [], after);
    case "ctrl w":
      return withText(field, withoutLastWord(before), after);
    case "left":
      return withCursor(field, before.length - 1);
    case "right":
      return withCursor(field, before.length + 1);
    case "home":
    case "ctrl a":
      return withCursor(field, 0);
    case "end":
    case "ctrl e":
      return withCursor(field, before.length + after.length);
    case "tab":
      return complete(field);
    default:
      return undefined;
  }
}

/** Inserts a text that was typed or pasted. The end of a pasted line becomes a blank. */
function insert(field: TextField, typed: string): TextField {
  if (field.text.length >= fieldLengthMax) return field;
  const { before, after } = split(field);
  const added = typed.slice(0, fieldLengthMax).replace(/[\r\n]+$/, "").replace(/\r\n|\s/g, " ")
    .slice(0, fieldLengthMax - field.text.length)
    .replace(unseen, "");
  return added === "" ? field : withText(field, [...before, added], after);
}

/** Nobody could see or erase a control or a direction mark that was pasted. */
const unseen = /[\p{Cc}\p{Cs}\p{Bidi_Control}]/gu;

/** Tab completes to the longest start that all fitting completions share. */
function complete(field: TextField): TextField | undefined {
  const fitting = field.completions.filter((completion) => completion.startsWith(field.text));
  const [first, ...others] = fitting;
  if (first === undefined) return undefined;
  const shared = others.reduce(sharedStart, first);
  if (shared === field.text) return undefined;
  return withText(field, graphemesOf(shared), []);
}

function sharedStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

function withoutLastWord(characters: readonly string[]): readonly string[] {
  let end = characters.length;
  while (end > 0 && characters[end - 1] === " ") end--;
  while (end > 0 && characters[end - 1] !== " ") end--;
  return characters.slice(0, end);
}

function split(field: TextField): { readonly before: string[]; readonly after: string[] } {
  const characters = graphemesOf(field.text);
  return { before: characters.slice(0, field.cursor), after: characters.slice(field.cursor) };
}

function withText(
  { fault: _, ...field }: TextField,
  before: readonly string[],
  after: readonly string[],
): TextField {
  const start = before.join("");
  const text = start + after.join("");
  // Two characters may have become one, as a letter and a mark after it do.
  const cursor = Math.min(graphemesOf(start).length, graphemesOf(text).length);
  return { ...field, text, cursor };
}

function withCursor(field: TextField, cursor: number): TextField {
  const last = graphemesOf(field.text).length;
  return { ...field, cursor: Math.max(0, Math.min(cursor, last)) };
}
