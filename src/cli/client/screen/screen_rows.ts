/**
 * Lays out the full-screen client: a header, two panes, a notice and the keys. Every row is exactly
 * as wide as the screen.
 */
import { overlayRows } from "./overlays.ts";
import { activityPane, headerRow, messagesPane, noticeRow, peersPane } from "./panes.ts";
import { beside, type Content, type Row, row, rowsOfHeight } from "./rows.ts";
import type { ScreenState } from "./screen_state.ts";
import type { IconSet } from "../icon_sets.ts";
import { type Icons, icons } from "./theme.ts";

/** The smallest screen that all forms fit on. */
export const smallestScreen = { columns: 60, rows: 18 } as const;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenRows {
  readonly rows: readonly Row[];
  /** Where a person types; `undefined` hides the cursor. */
  readonly cursor?: { readonly x: number; readonly y: number } | undefined;
}

/** Returns the whole screen. */
export function screenRows(state: ScreenState, size: ScreenSize, iconSet: IconSet): ScreenRows {
  const { columns, rows } = size;
  if (columns < smallestScreen.columns || rows < smallestScreen.rows) {
    const text =
      `micropay needs ${smallestScreen.columns} columns and ${smallestScreen.rows} rows.`;
    return { rows: rowsOfHeight([row(columns, text)], rows, columns) };
  }
  const look = icons[iconSet];
  const messages = state.messages === undefined ? 0 : Math.min(10, Math.floor(rows / 3));
  const bodyRows = rows - 3 - messages;
  const overlay = state.overlay && overlayRows(state.overlay, columns, look);
  const covered = Math.min(bodyRows, overlay?.rows.length ?? 0);
  const laidOut = [
    headerRow(state, columns, look),
    ...rowsOfHeight(overlay?.rows ?? [], covered, columns),
    ...panes(state, { columns, rows: bodyRows - covered }, look),
    ...messagesPane(state.messages ?? [], { columns, rows: messages }, look).slice(0, messages),
    noticeRow(state, columns),
    keyRow(state, columns),
  ];
  const cursor = overlay?.cursor;
  const isInSight = cursor !== undefined && cursor.y < covered;
  return {
    rows: iconSet === "ascii" ? laidOut.map(withoutEllipses) : laidOut,
    cursor: isInSight ? { x: cursor.x, y: cursor.y + 1 } : undefined,
  };
}

function panes(state: ScreenState, { columns, rows }: ScreenSize, look: Icons): Row[] {
  if (rows < 2) return rowsOfHeight([], rows, columns);
  const left = Math.min(34, Math.floor(columns / 4));
  return beside(
    peersPane(state, { columns: left, rows }, look),
    activityPane(state, { columns: columns - left - 1, rows }, look),
    look.vertical,
  );
}

function keyRow({ account, overlay }: ScreenState, columns: number): Row {
  const keys = overlay?.kind === "form"
    ? [["Enter", "next, send"], ["Tab", "complete"], ["Escape", "cancel"]]
    : overlay?.kind === "question"
    ? [["y", "yes"], ["n", "no"]]
    : overlay
    ? [["Escape", "close"]]
    : account === undefined
    ? [["l", "log in"], ["n", "open an account"], ["?", "keys"], ["q", "leave"]]
    : [
      // A narrow screen cuts off the end, and ? names all keys.
      ...[["p", "pay"], ["r", "request"], ["?", "keys"], ["q", "leave"], ["f", "refund"]],
      ...[["/", "search"], ["Tab", "pane"], ["Enter", "open"], ["v", "messages"]],
    ];
  return row(
    columns,
    ...keys.flatMap(([key, meaning]): Content[] => [[` ${key}`, "key"], [` ${meaning} `, "quiet"]]),
  );
}

function withoutEllipses(parts: Row): Row {
  return parts.map(({ text, look }) => ({ text: text.replaceAll("…", "~"), look }));
}
