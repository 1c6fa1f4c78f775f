/**
 * Icons and looks of the full-screen client.
 *
 * Text has the terminal's own colours, so that it can be read on every background. The few others
 * are of the first 16, which every theme chooses to be readable on its background.
 */
import { isUtf8Locale } from "../../locale.ts";
import type { IconSet } from "../icon_sets.ts";
import type { Activity } from "./screen_state.ts";

export interface Icons {
  readonly state: Readonly<Record<Activity["state"], string>>;
  readonly online: string;
  readonly offline: string;
  /** Marks the row that is chosen. */
  readonly chosen: string;
  readonly horizontal: string;
  readonly vertical: string;
  /** Stands for each character of a secret. */
  readonly secret: string;
}

const unicode: Icons = {
  state: { waiting: "◌", "in doubt": "?", failed: "✗", paid: "→", received: "←" },
  online: "●",
  offline: "○",
  chosen: "›",
  horizontal: "─",
  vertical: "│",
  secret: "•",
};

/** Each has one column. */
export const icons: Readonly<Record<IconSet, Icons>> = {
  unicode,
  nerd: {
    ...unicode,
    state: {
      waiting: "\uf251",
      "in doubt": "\uf128",
      failed: "\uf00d",
      paid: "\uf062",
      received: "\uf063",
    },
    online: "\uf1e6",
    offline: "\uf127",
    chosen: "\uf054",
  },
  ascii: {
    state: { waiting: "~", "in doubt": "?", failed: "x", paid: ">", received: "<" },
    online: "*",
    offline: "o",
    chosen: ">",
    horizontal: "-",
    vertical: "|",
    secret: "*",
  },
};

/**
 * Guesses the icons that the terminal can show. Nobody can ask a terminal for its font, so Nerd
 * Font is never guessed.
 */
export function guessIcons(environment: (name: string) => string | undefined): IconSet {
  return isUtf8Locale(environment) ? "unicode" : "ascii";
}

/** How a part of a row looks. */
export type Look = "plain" | "strong" | "quiet" | "chosen" | "key" | "good" | "bad" | "doubtful";

/** Returns the properties of ink's `Text` for a look. */
export function textProps(look: Look, hasColours: boolean) {
  switch (look) {
    case "plain":
      return {};
    case "strong":
    case "key":
      return { bold: true };
    case "quiet":
      return { dimColor: true };
    case "chosen":
      return { inverse: true };
    case "good":
      return hasColours ? { color: "green" } : {};
    case "bad":
      return hasColours ? { color: "red", bold: true } : { bold: true };
    case "doubtful":
      return hasColours ? { color: "magenta" } : { bold: true };
  }
}
