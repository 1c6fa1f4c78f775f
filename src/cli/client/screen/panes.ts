/**
 * The panes of the full-screen client: each returns rows that are exactly as wide as the pane.
 */
import { fitHarmless, harmless, widthOf } from "./fitted_text.ts";
import { type Content, firstInSight, type Row, row, rowsOfHeight, rowWithEnds } from "./rows.ts";
import { type Activity, type Connection, type ScreenState, shownPeers } from "./screen_state.ts";
import type { Icons, Look } from "./theme.ts";

export interface PaneSize {
  readonly columns: number;
  readonly rows: number;
}

/** Returns who is logged in with which balance, and to which ledger the client is connected. */
export function headerRow(state: ScreenState, columns: number, icons: Icons): Row {
  const { account, balance, connection, ledger, server } = state;
  const isConnected = connection.state === "connected";
  const left: Content[] = [
    [` ${account ?? "nobody is logged in"} `, "strong"],
    balance === undefined ? "" : `balance ${balance}`,
  ];
  const icon: Content = isConnected
    ? { text: icons.online, look: "good" }
    : { text: icons.offline, look: "bad" };
  const trust = ledger === "" ? "" : ` ledger ${shortFingerprint(ledger)}`;
  const place = columns < 90 ? "" : ` ${server}`;
  return rowWithEnds(columns, left, [icon, ` ${connectionText(connection)}${place}`, trust, " "]);
}

/** A person compares this with what the operator says, and `micropay client` prints all of it. */
function shortFingerprint(fingerprint: string): string {
  return `${fingerprint.slice(0, 4)} ${fingerprint.slice(4, 8)}`;
}

function connectionText(connection: Connection): string {
  switch (connection.state) {
    case "waiting":
      return `waiting room, place ${connection.place}`;
    case "ended":
      return "not connected";
    default:
      return connection.state;
  }
}

/** Returns a line across the screen with the titles of the panes below it. */
export function titleRow(columns: number, title: string, look: Look, icons: Icons): Row {
  const shown = ` ${harmless(title)} `;
  const width = Math.min(widthOf(shown), Math.max(0, columns - 1));
  const rest = icons.horizontal.repeat(Math.max(0, columns - 1 - width));
  return [
    { text: icons.horizontal.slice(0, columns), look: "quiet" },
    { text: fitHarmless(shown, width), look },
    { text: rest, look: "quiet" },
  ];
}

export function peersPane(state: ScreenState, { columns, rows }: PaneSize, icons: Icons): Row[] {
  const names = shownPeers(state);
  const isFocused = state.focus === "peers";
  const title = state.search === "" ? `Online ${names.length}` : `Online: ${state.search}`;
  const first = firstInSight(state.chosen.peers, names.length, rows - 1);
  const list = names.slice(first, first + rows - 1).map((name, at) => {
    const isChosen = isFocused && first + at === state.chosen.peers;
    return row(columns, chosenMark(isChosen, icons), [name, isChosen ? "chosen" : "plain"]);
  });
  if (names.length === 0) {
    const text = state.search === "" ? "nobody else" : "nobody fits";
    list.push(row(columns, "  ", [text, "quiet"]));
  }
  return [
    titleRow(columns, title, isFocused ? "strong" : "quiet", icons),
    ...rowsOfHeight(list, rows - 1, columns),
  ];
}

export function activityPane(state: ScreenState, { columns, rows }: PaneSize, icons: Icons): Row[] {
  const { activity, chosen, focus } = state;
  const isFocused = focus === "activity";
  const more = activity.isLoading ? ", loading" : activity.more ? ", more below" : "";
  const title = `Activity${activity.newer ? ", newer above" : ""}${more}`;
  const first = firstInSight(chosen.activity, activity.rows.length, rows - 1);
  const list = activity.rows.slice(first, first + rows - 1).map((entry, at) =>
    activityRow(entry, {
      columns,
      icons,
      isChosen: isFocused && first + at === chosen.activity,
    })
  );
  if (activity.rows.length === 0 && !activity.isLoading) {
    const text = state.account === undefined
      ? "l logs in, and n opens an account"
      : "no payments yet";
    list.push(row(columns, "  ", [text, "quiet"]));
  }
  return [
    titleRow(columns, title, isFocused ? "strong" : "quiet", icons),
    ...rowsOfHeight(list, rows - 1, columns),
  ];
}

interface ActivityLook {
  readonly columns: number;
  readonly icons: Icons;
  readonly isChosen: boolean;
}

const looks: Readonly<Record<Activity["state"], Look>> = {
  waiting: "quiet",
  "in doubt": "doubtful",
  failed: "bad",
  paid: "plain",
  received: "good",
};

/** A narrow row leaves out the way, the state's word and the date. Details show them. */
function activityRow(entry: Activity, { columns, icons, isChosen }: ActivityLook): Row {
  const { state, other, amount, atMs, memo, reason, way } = entry;
  const isWide = columns >= 88;
  const money = `${state === "received" ? "+" : "-"}${amount}`;
  const time = timeText(atMs);
  const left: Content[] = [
    chosenMark(isChosen, icons),
    { text: icons.state[state], look: looks[state] },
    [` ${String(entry.entry ?? "").padStart(isWide ? 7 : 5)} `, "quiet"],
    [other, isChosen ? "chosen" : "plain", isWide ? 16 : 10],
    [money.padStart(isWide ? 10 : 7), looks[state]],
    ` ${reason ?? memo ?? ""}`,
  ];
  const right: Content[] = isWide
    ? [" ", [way ?? "", "quiet", reason === undefined ? 7 : 0], [state, looks[state], 9], time]
    : [" ", time.slice(-5)];
  return rowWithEnds(columns, left, right);
}

/** Returns a time as a person reads it, in the zone of this machine: `2026-11-27 09:05`. */
export function timeText(atMs: number): string {
  const at = new Date(atMs);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function chosenMark(isChosen: boolean, { chosen }: Icons): Content {
  return { text: isChosen ? `${chosen} ` : "  ", look: "strong" };
}

export function messagesPane(
  messages: readonly string[],
  { columns, rows }: PaneSize,
  icons: Icons,
): Row[] {
  const newest = rows > 1 ? messages.slice(1 - rows) : [];
  return [
    titleRow(columns, "Encrypted messages", "quiet", icons),
    ...rowsOfHeight(newest.map((message) => row(columns, [message, "quiet"])), rows - 1, columns),
  ];
}

/** Returns what became of the last action, or why there is no connection. */
export function noticeRow({ connection, notice }: ScreenState, columns: number): Row {
  if (notice !== undefined) {
    const look = { done: "good", failed: "bad", news: "plain" } as const;
    return row(columns, " ", [notice.text, look[notice.kind]]);
  }
  const reason = "reason" in connection ? connection.reason : undefined;
  return row(columns, " ", [reason ?? "", "bad"]);
}
