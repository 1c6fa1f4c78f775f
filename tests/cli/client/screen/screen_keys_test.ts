/**
 * What keys and events do to the state of the full-screen client.
 */
import { assertEquals } from "@std/assert";
import type { Key } from "../../../../src/cli/client/screen/key.ts";
import { applyEvent } from "../../../../src/cli/client/screen/screen_events.ts";
import { pressKey, type ScreenCommand } from "../../../../src/cli/client/screen/screen_keys.ts";
import {
  type Activity,
  emptyScreen,
  type ScreenState,
  shownPeers,
} from "../../../../src/cli/client/screen/screen_state.ts";

const names = { accounts: ["alice"], peers: ["bob", "bonnie"] };

const rows: readonly Activity[] = Array.from({ length: 50 }, (_, index) => ({
  id: `id ${50 - index}`,
  state: index % 2 === 0 ? "received" : "paid",
  other: "bob",
  amount: 1,
  entry: 50 - index,
  atMs: 0,
}));

const start: ScreenState = {
  ...emptyScreen("127.0.0.1:1"),
  peers: ["bob", "bonnie", "carol"],
  activity: { rows, more: true, newer: true, isLoading: false },
};

/** A text is typed; a name between angle brackets is a key without a character. */
function keysOf(typed: string): Key[] {
  return (typed.match(/<[^>]+>|[^<]/g) ?? []).map((key) =>
    key.startsWith("<") ? { name: key.slice(1, -1) } as Key : { name: "text", text: key }
  );
}

function press(typed: string, state = start) {
  let commands: ScreenCommand[] = [];
  for (const key of keysOf(typed)) {
    const pressed = pressKey(state, key, names);
    state = pressed.state;
    if (pressed.command) commands = [...commands, pressed.command];
  }
  return { state, commands };
}

/** What the state shows, in a line. */
function shown({ state, commands }: ReturnType<typeof press>): string {
  const { overlay, focus, chosen } = state;
  const form = overlay?.kind === "form" ? overlay.form : undefined;
  const fields = form?.fields.map(({ text, fault }, index) =>
    `${index === form.focus ? ">" : ""}${text}${fault === undefined ? "" : "!"}`
  );
  const told = commands.map((command) => command.kind === "read" ? command.page : command.kind);
  return [
    `${focus} ${chosen[focus]}`,
    ...(form
      ? [`${form.name} ${fields}${form.busy ? " busy" : ""}`]
      : overlay
      ? [overlay.kind]
      : []),
    ...told,
  ].join("; ");
}

const table: readonly (readonly [keys: string, shown: string])[] = [
  ["j", "peers 1"],
  ["jjjjj<up>", "peers 1"],
  ["G", "peers 2"],
  ["Gg", "peers 0"],
  ["<tab>j", "activity 1"],
  ["<tab><page down><page down>", "activity 20; older"],
  ["<tab><page down><page up>", "activity 0; newer"],
  ["<tab>g", "activity 0; newest"],
  ["<tab>G", "activity 49; oldest"],
  ["<tab><enter>", "activity 0; show details"],
  ["<enter>", "peers 0; pay bob,>,"],
  ["jp", "peers 1; pay bonnie,>,"],
  ["p5<enter>x<enter>", "peers 0; pay bob,5,>x busy; submit"],
  ["p0<enter><enter>", "peers 0; pay bob,>0!,"],
  ["p5<enter><enter>7", "peers 0; pay bob,5,> busy; submit"],
  ["p5<escape>", "peers 0; cancel"],
  ["<tab>f", "activity 0; refund 50,>"],
  ["<tab>jf", "activity 1; refund >,"],
  ["n", "peers 0; register >,"],
  ["l<enter>", "peers 0; login >alice busy; submit"],
  ["l<ctrl u>a<tab><enter>", "peers 0; login >alice busy; submit"],
  ["r", "peers 0; request >,,,"],
  ["ux<enter>", "peers 0; pay request >x!"],
  ["/bo<enter>j", "peers 1"],
  ["/", "peers 0; search >"],
  ["?", "peers 0; help"],
  ["?q", "peers 0"],
  ["v", "peers 0; toggle messages"],
  ["q", "peers 0; leave"],
  ["pq", "peers 0; pay bob,>q,"],
  ["p<ctrl c>", "peers 0; pay bob,>,; leave"],
];

for (const [keys, expected] of table) {
  Deno.test(`screen keys: ${keys} leads to ${expected}`, () => {
    assertEquals(shown(press(keys)), expected);
  });
}

Deno.test("screen keys: the search narrows the peers while it is typed, and Escape ends it", () => {
  const { state } = press("/bo");
  assertEquals(shownPeers(state), ["bob", "bonnie"]);
  assertEquals(shownPeers(press("<escape>", state).state), start.peers);
});

Deno.test("screen events: a chosen row stays chosen when a payment arrives above it", () => {
  const { state } = press("<tab>jj");
  const activity = { ...state.activity, rows: [{ ...rows[0]!, id: "new" }, ...rows] };
  assertEquals(applyEvent(state, { kind: "activity", activity }).chosen.activity, 3);
});

Deno.test("screen events: at the newest row, the choice follows the newest payment", () => {
  const activity = { ...start.activity, newer: false };
  const state = { ...start, activity };
  const now = { ...activity, rows: [{ ...rows[0]!, id: "new" }, ...rows] };
  assertEquals(applyEvent(state, { kind: "activity", activity: now }).chosen.activity, 0);
});

Deno.test("screen events: a chosen peer stays chosen when another one comes", () => {
  const { state } = press("j");
  const now = applyEvent(state, { kind: "peers", peers: ["anna", "bob", "bonnie"] });
  assertEquals(shownPeers(now)[now.chosen.peers], "bonnie");
});
