/**
 * What a key does to the screen. Where the key asks for more than a change of the picture, it comes
 * with a command for the driver.
 */
import { issuingAccount } from "../../../ledger/entry.ts";
import type { Key } from "./key.ts";
import {
  type CompletedNames,
  type FormAction,
  openForm,
  type Prefilled,
  readForm,
} from "./screen_forms.ts";
import {
  type Activity,
  type Form,
  type FormName,
  type Pane,
  type ScreenState,
  shownPeers,
} from "./screen_state.ts";
import { editField } from "./text_field.ts";

/** What the driver has to do after a key. */
export type ScreenCommand =
  | { readonly kind: "leave" }
  | { readonly kind: "submit"; readonly form: Form; readonly action: FormAction }
  | { readonly kind: "answer"; readonly isYes: boolean }
  /** A form was closed by Escape. */
  | { readonly kind: "cancel"; readonly form: FormName }
  | { readonly kind: "read"; readonly page: "older" | "newer" | "newest" | "oldest" }
  | { readonly kind: "show details"; readonly activity: Activity }
  | { readonly kind: "toggle messages" };

export interface Pressed {
  readonly state: ScreenState;
  readonly command?: ScreenCommand;
}

/** Rows that Page up and Page down move by. */
const pageRows = 10;

/** Rows before the end of the window at which the next page of the history is read. */
const readAhead = 30;

/** Returns what the screen shows after a key, and what the driver has to do. */
export function pressKey(state: ScreenState, key: Key, names: CompletedNames): Pressed {
  if (key.name === "ctrl c") return { state, command: { kind: "leave" } };
  switch (state.overlay?.kind) {
    case "form":
      return pressInForm(state, state.overlay.form, key);
    case "question":
      return pressInQuestion(state, key);
    case "help":
    case "details":
      return closes(key) ? { state: closed(state) } : { state };
  }
  return pressInPanes(state, key, names);
}

function closed(state: ScreenState): ScreenState {
  return { ...state, overlay: undefined };
}

function closes(key: Key): boolean {
  return ["escape", "enter"].includes(key.name) || ["q", "?"].includes(textOf(key));
}

function textOf(key: Key): string {
  return key.name === "text" ? key.text : "";
}

function pressInQuestion(state: ScreenState, key: Key): Pressed {
  const text = textOf(key).toLowerCase();
  const isYes = text === "y";
  if (!isYes && text !== "n" && key.name !== "escape") return { state };
  return { state: closed(state), command: { kind: "answer", isYes } };
}

function pressInForm(state: ScreenState, form: Form, key: Key): Pressed {
  if (key.name === "escape") {
    const search = form.name === "search" ? "" : state.search;
    return { state: closed({ ...state, search }), command: { kind: "cancel", form: form.name } };
  }
  if (form.busy) return { state };
  const edited = editField(form.fields[form.focus]!, key);
  if (edited) {
    const fields = form.fields.map((field, index) => index === form.focus ? edited : field);
    return { state: typed({ ...state, overlay: { kind: "form", form: { ...form, fields } } }) };
  }
  const isLast = form.focus === form.fields.length - 1;
  if (key.name === "enter" && isLast) return submit(state, form);
  const steps: Partial<Record<Key["name"], number>> = {
    ...{ enter: 1, tab: 1, down: 1 },
    ...{ "shift tab": -1, up: -1 },
  };
  const focus = within(form.focus + (steps[key.name] ?? 0), form.fields.length);
  return { state: { ...state, overlay: { kind: "form", form: { ...form, focus } } } };
}

/** The pane of peers follows the search while it is typed. */
function typed(state: ScreenState): ScreenState {
  if (state.overlay?.kind !== "form" || state.overlay.form.name !== "search") return state;
  const search = state.overlay.form.fields[0]!.text.trim();
  return { ...state, search, chosen: { ...state.chosen, peers: 0 } };
}

function submit(state: ScreenState, form: Form): Pressed {
  const action = readForm(form);
  if (!("kind" in action)) return { state: { ...state, overlay: { kind: "form", form: action } } };
  if (action.kind === "search") return { state: closed(state) };
  const busy = { ...form, busy: true };
  return {
    state: { ...state, overlay: { kind: "form", form: busy } },
    command: { kind: "submit", form: busy, action },
  };
}

function within(index: number, length: number): number {
  return Math.max(0, Math.min(index, length - 1));
}

function pressInPanes(state: ScreenState, key: Key, names: CompletedNames): Pressed {
  const opened = (name: FormName, prefilled?: Prefilled): Pressed => ({
    state: {
      ...state,
      overlay: { kind: "form", form: openForm(name, { prefilled, names }) },
    },
  });
  switch (key.name) {
    case "tab":
    case "shift tab":
      return { state: { ...state, focus: state.focus === "peers" ? "activity" : "peers" } };
    case "escape":
      return { state: { ...state, search: "", notice: undefined } };
    case "up":
      return moveBy(state, -1);
    case "down":
      return moveBy(state, 1);
    case "page up":
      return moveBy(state, -pageRows);
    case "page down":
      return moveBy(state, pageRows);
    case "home":
      return moveToEnd(state, "first");
    case "end":
      return moveToEnd(state, "last");
    case "enter":
      return state.focus === "peers"
        ? opened("pay", chosenPeer(state))
        : showChosen(state, chosenActivity(state));
  }
  switch (textOf(key)) {
    case "k":
      return moveBy(state, -1);
    case "j":
      return moveBy(state, 1);
    case "g":
      return moveToEnd(state, "first");
    case "G":
      return moveToEnd(state, "last");
    case "/":
      return opened("search", { Search: state.search });
    case "p":
      return opened("pay", chosenPeer(state));
    case "r":
      return opened("request");
    case "u":
      return opened("pay request");
    case "f":
      return opened("refund", refundable(chosenActivity(state)));
    case "n":
      return opened("register");
    case "l":
      return opened("login", names.accounts.length === 1 ? { Name: names.accounts[0]! } : {});
    case "v":
      return { state, command: { kind: "toggle messages" } };
    case "?":
      return { state: { ...state, overlay: { kind: "help" } } };
    case "q":
      return { state, command: { kind: "leave" } };
    default:
      return { state };
  }
}

function chosenActivity({ activity: { rows }, chosen }: ScreenState): Activity | undefined {
  return rows[chosen.activity];
}

function showChosen(state: ScreenState, activity: Activity | undefined): Pressed {
  return activity ? { state, command: { kind: "show details", activity } } : { state };
}

function chosenPeer(state: ScreenState): Prefilled {
  const { chosen, focus } = state;
  const peer = focus === "peers" ? shownPeers(state)[chosen.peers] : chosenActivity(state)?.other;
  // The issuing account cannot be paid.
  return peer === undefined || peer === issuingAccount ? {} : { Payee: peer };
}

function refundable(activity: Activity | undefined): Prefilled {
  if (activity?.state !== "received" || activity.other === issuingAccount) return {};
  return { "Payment, its entry or id": String(activity.entry) };
}

function rowsIn(state: ScreenState, pane: Pane): number {
  return pane === "peers" ? shownPeers(state).length : state.activity.rows.length;
}

function moveBy(state: ScreenState, rows: number): Pressed {
  return choose(state, state.chosen[state.focus] + rows);
}

function choose(state: ScreenState, index: number): Pressed {
  const { activity, focus } = state;
  const length = rowsIn(state, focus);
  const at = within(index, length);
  const chosen = { ...state.chosen, [focus]: at };
  const moved = { ...state, chosen };
  if (focus === "peers") return { state: moved };
  const isDown = at >= state.chosen.activity;
  if (isDown && activity.more && at >= length - readAhead) return reading(moved, "older");
  if (!isDown && activity.newer && at < readAhead) return reading(moved, "newer");
  return { state: moved };
}

/** The first row is the newest one, and the last one is the oldest, also outside of the window. */
function moveToEnd(state: ScreenState, end: "first" | "last"): Pressed {
  const { activity, focus } = state;
  const at = end === "first" ? 0 : Math.max(0, rowsIn(state, focus) - 1);
  const moved = { ...state, chosen: { ...state.chosen, [focus]: at } };
  if (focus === "peers") return { state: moved };
  if (end === "first" && activity.newer) return reading(moved, "newest");
  if (end === "last" && activity.more) return reading(moved, "oldest");
  return { state: moved };
}

function reading(
  state: ScreenState,
  page: (ScreenCommand & { readonly kind: "read" })["page"],
): Pressed {
  return { state, command: { kind: "read", page } };
}
