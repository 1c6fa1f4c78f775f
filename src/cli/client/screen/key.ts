/**
 * What a person does at the keyboard of the full-screen client.
 */

/** Keys without a character. A pasted text is one key with a text. */
export type Key =
  | { readonly name: "text"; readonly text: string }
  | {
    readonly name:
      | "enter"
      | "escape"
      | "tab"
      | "shift tab"
      | "backspace"
      | "delete"
      | "left"
      | "right"
      | "up"
      | "down"
      | "home"
      | "end"
      | "page up"
      | "page down"
      | "ctrl a"
      | "ctrl c"
      | "ctrl d"
      | "ctrl e"
      | "ctrl l"
      | "ctrl u"
      | "ctrl w";
  };

export type NamedKey = Exclude<Key["name"], "text">;
