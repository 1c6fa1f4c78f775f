/**
 * Turns what ink reads from the keyboard into keys. Characters that were typed fast arrive in one
 * piece, with Enter and other keys among them.
 */
import type { Key as InkKey } from "ink";
import type { Key, NamedKey } from "./key.ts";
import { keysOfCharacters } from "./key_reader.ts";

const controlLetters: Readonly<Record<string, NamedKey>> = {
  a: "ctrl a",
  c: "ctrl c",
  d: "ctrl d",
  e: "ctrl e",
  l: "ctrl l",
  u: "ctrl u",
  w: "ctrl w",
};

/** Returns the keys of one event, without those that the screen does not know. */
export function typedKeys(input: string, key: InkKey): Key[] {
  const name = nameOf(input, key);
  if (name !== undefined) return [{ name }];
  if (key.ctrl || key.meta) return [];
  return keysOfCharacters(input);
}

function nameOf(input: string, key: InkKey): NamedKey | undefined {
  if (key.return) return "enter";
  if (key.escape) return "escape";
  if (key.tab) return key.shift ? "shift tab" : "tab";
  if (key.backspace) return "backspace";
  if (key.delete) return "delete";
  if (key.leftArrow) return "left";
  if (key.rightArrow) return "right";
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.pageUp) return "page up";
  if (key.pageDown) return "page down";
  return key.ctrl ? controlLetters[input] : undefined;
}
