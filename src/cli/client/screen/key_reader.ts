/**
 * Turns what a terminal sends into keys.
 */
import type { Key, NamedKey } from "./key.ts";
import { graphemesOf } from "./text_field.ts";

/** Keys that a terminal sends as one control character. */
const controlKeys: Readonly<Record<string, NamedKey>> = {
  "\r": "enter",
  "\n": "enter",
  "\r\n": "enter",
  "\t": "tab",
  "\b": "backspace",
  "\x7f": "backspace",
  "\x01": "ctrl a",
  "\x03": "ctrl c",
  "\x04": "ctrl d",
  "\x05": "ctrl e",
  "\x0c": "ctrl l",
  "\x15": "ctrl u",
  "\x17": "ctrl w",
};

/** Keys that a terminal sends as an escape sequence, without its first two characters. */
const sequenceKeys: Readonly<Record<string, NamedKey>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  "1~": "home",
  "3~": "delete",
  "4~": "end",
  "5~": "page up",
  "6~": "page down",
  "7~": "home",
  "8~": "end",
  Z: "shift tab",
};

const escape = "\x1b";

/** An escape sequence, a key with Alt, or the characters up to the next one. */
const piece = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|O.|[^[O])|${escape}|[^${escape}]+`,
  "gsu",
);

/** A sequence whose end has not arrived. No key sends a longer one. */
const unfinished = new RegExp(`${escape}(?:\\[[0-?]{0,32}[ -/]{0,32}|O)?$`);

/** Returns the keys of characters without escape sequences, as they are typed or pasted. */
export function keysOfCharacters(characters: string): Key[] {
  return graphemesOf(characters).flatMap((text): Key[] => {
    const name = controlKeys[text];
    if (name !== undefined) return [{ name }];
    return /\p{Cc}/u.test(text) ? [] : [{ name: "text", text }];
  });
}

/**
 * Reads the bytes of a terminal that passes on each key. A key may arrive in pieces, so Escape
 * alone is not told from the start of another key.
 */
export class KeyReader {
  readonly #decoder = new TextDecoder();
  #start = "";

  /** Returns the keys whose end is in these bytes. It leaves out keys without a name here. */
  take(bytes: Uint8Array): Key[] {
    const added = this.#decoder.decode(bytes, { stream: true });
    const isEscape = this.#start === escape && !/^(?:[[O]|$)/.test(added);
    const text = (isEscape ? "" : this.#start) + added;
    this.#start = unfinished.exec(text)?.[0] ?? "";
    const whole = text.slice(0, text.length - this.#start.length);
    return [...whole.matchAll(piece)].flatMap(([characters]): Key[] => {
      if (!characters.startsWith(escape)) return keysOfCharacters(characters);
      const name = sequenceKeys[characters.slice(2)];
      return name === undefined ? [] : [{ name }];
    });
  }
}
