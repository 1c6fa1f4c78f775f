/**
 * What covers the panes of the full-screen client: forms, details, questions and the help.
 */
import { fitHarmless, harmless, wrap } from "./fitted_text.ts";
import { titleRow } from "./panes.ts";
import { type Content, type Row, row } from "./rows.ts";
import type { Form, FormName, Overlay } from "./screen_state.ts";
import { shownField } from "./shown_field.ts";
import type { Icons } from "./theme.ts";

export interface OverlayRows {
  readonly rows: readonly Row[];
  /** Where a person types. */
  readonly cursor?: { readonly x: number; readonly y: number };
}

export function overlayRows(overlay: Overlay, columns: number, icons: Icons): OverlayRows {
  switch (overlay.kind) {
    case "help":
      return { rows: helpRows(columns, icons) };
    case "form":
      return formRows(overlay.form, columns, icons);
    case "question":
      return { rows: textRows("Yes or no?", overlay.lines, { columns, icons }) };
    case "details":
      return { rows: textRows(overlay.title, overlay.lines, { columns, icons }) };
  }
}

const formTitles: Readonly<Record<FormName, string>> = {
  register: "Open an account",
  login: "Log in",
  pay: "Pay somebody",
  "pay request": "Pay a request",
  request: "Ask for a payment",
  refund: "Give back a payment",
  passphrase: "Open the key",
  search: "Search",
};

/** What the help says of each key. It fits a screen of 60 columns and 18 rows. */
const help: readonly (readonly [key: string, meaning: string])[] = [
  ["n  l", "open an account, log in (1 REGISTER, 2 LOGIN)"],
  ["/", "search the members who are online (3 LIST)"],
  ["p", "pay somebody, also with a memo (4 TRANSACTION)"],
  ["r  u", "ask for a payment; pay somebody's request"],
  ["f", "give back a payment"],
  ["q  Ctrl-C", "leave (5 EXIT)"],
  ["Tab", "the other pane; in a form: complete, go on"],
  ["Up Down  k j", "choose a row; Page Up, Page Down for ten"],
  ["g  G", "the first row; the last one, the oldest"],
  ["Enter", "pay the member; show the payment's receipt"],
  ["v", "show or hide the encrypted messages"],
  ["Escape", "close a form, the help or the search"],
  ["Ctrl-L", "draw the whole screen again"],
];

function helpRows(columns: number, icons: Icons): Row[] {
  return [
    titleRow(columns, "Keys", "strong", icons),
    ...help.map(([key, meaning]) => row(columns, " ", [key, "key", 13], meaning)),
  ];
}

interface Drawing {
  readonly columns: number;
  readonly icons: Icons;
}

function textRows(title: string, lines: readonly string[], { columns, icons }: Drawing): Row[] {
  return [
    titleRow(columns, title, "strong", icons),
    // The rows make a text harmless only once, so that it is not escaped twice.
    ...lines.flatMap((line) => wrap(harmless(line), columns - 2))
      .map((line): Row => [{ text: fitHarmless(` ${line}`, columns), look: "plain" }]),
  ];
}

function formRows(form: Form, columns: number, icons: Icons): OverlayRows {
  const rows: Row[] = [titleRow(columns, formTitles[form.name], "strong", icons)];
  let cursor: { x: number; y: number } | undefined;
  form.fields.forEach((field, at) => {
    const isFocused = at === form.focus && !form.busy;
    rows.push(row(columns, " ", [field.label, isFocused ? "strong" : "quiet"]));
    const mark: Content = { text: isFocused ? `${icons.chosen} ` : "  ", look: "strong" };
    const typed = shownField(field, columns - 4, icons);
    if (isFocused) cursor = { x: 3 + typed.cursor, y: rows.length };
    rows.push([...row(3, " ", mark), {
      text: fitHarmless(typed.text, columns - 3),
      look: "plain",
    }]);
    if (field.fault !== undefined) rows.push(row(columns, "   ", [field.fault, "bad"]));
  });
  if (form.busy) rows.push(row(columns, "   ", ["under way", "quiet"]));
  return cursor ? { rows, cursor } : { rows };
}
