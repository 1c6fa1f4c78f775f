import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { fit, harmless, widthOf, wrap } from "../../../../src/cli/client/screen/fitted_text.ts";
import { screenRows } from "../../../../src/cli/client/screen/screen_rows.ts";
import {
  type Activity,
  emptyScreen,
  type Overlay,
  type ScreenState,
} from "../../../../src/cli/client/screen/screen_state.ts";
import { type IconSet, iconSets } from "../../../../src/cli/client/icon_sets.ts";
import { fieldLengthMax, textField } from "../../../../src/cli/client/screen/text_field.ts";
import { guessIcons, icons } from "../../../../src/cli/client/screen/theme.ts";
import { codePoint } from "../../../code_point.ts";

const sizes = [{ columns: 60, rows: 18 }, { columns: 80, rows: 24 }, { columns: 120, rows: 40 }];

/** Everything that a terminal takes for a command, or that changes the order of text. */
const dangerous = /[\p{Cc}\p{Bidi_Control}\p{Cs}\u2028\u2029]/u;

const activity: Activity = {
  id: "019aaf3e-7c00-7000-8000-000000000001",
  state: "received",
  other: "bob",
  amount: 5,
  memo: "lunch",
  entry: 7,
  atMs: 1_790_000_000_000,
  way: "direct",
};

const loggedIn: ScreenState = {
  ...emptyScreen("127.0.0.1:8888"),
  ledger: "3f2a91bc".repeat(8),
  account: "alice",
  balance: 995,
  connection: { state: "connected" },
  peers: ["bob", "carol"],
  activity: { rows: [activity], more: false, newer: false, isLoading: false },
};

function shown(state: ScreenState, size = sizes[1]!, iconSet: IconSet = "unicode"): string[] {
  return screenRows(state, size, iconSet).rows.map((row) => row.map(({ text }) => text).join(""));
}

const payForm: Overlay = {
  kind: "form",
  form: {
    name: "pay",
    fields: [textField("Payee", { text: "bob" }), textField("Amount"), textField("Memo")],
    focus: 0,
    busy: false,
  },
};

Deno.test("the screen shows account, balance, connection, trust, peers and activity", () => {
  for (const size of sizes) {
    const text = shown(loggedIn, size).join("\n");
    for (const part of ["alice", "balance 995", "connected", "ledger 3f2a 91bc", "carol"]) {
      assertStringIncludes(text, part);
    }
    assert(/← +7 bob +\+5 lunch/.test(text), text);
  }
});

Deno.test("the screen says why there is no connection, and the place in the waiting room", () => {
  const at = (connection: ScreenState["connection"]) =>
    shown({ ...loggedIn, connection }).join("\n");
  assertStringIncludes(at({ state: "waiting", place: 12 }), "waiting room, place 12");
  assertStringIncludes(at({ state: "reconnecting", reason: "connect: refused" }), "reconnecting");
  assertStringIncludes(
    at({ state: "reconnecting", reason: "connect: refused" }),
    "connect: refused",
  );
});

Deno.test("a payment that failed says so in a word, and why", () => {
  const failed: Activity = { ...activity, state: "failed", reason: "264 The payee is away" };
  const rows = { ...loggedIn.activity, rows: [failed] };
  const text = shown({ ...loggedIn, activity: rows }, sizes[2]).join("\n");
  assert(/✗ .*264 The payee is.* failed/.test(text), text);
});

Deno.test("a form shows its fields, faults and cursor, and the panes go on below it", () => {
  for (const size of sizes) {
    const { rows, cursor } = screenRows({ ...loggedIn, overlay: payForm }, size, "unicode");
    const lines = rows.map((row) => row.map(({ text }) => text).join(""));
    assertEquals(cursor, { x: 6, y: 3 });
    assertEquals(lines[cursor!.y]!.trimEnd(), " › bob");
    assertStringIncludes(lines.join("\n"), "+5");
  }
});

Deno.test("the help is whole on the smallest screen", () => {
  const rows = shown({ ...loggedIn, overlay: { kind: "help" } }, sizes[0]);
  assertStringIncludes(rows.join("\n"), "draw the whole screen again");
  for (const text of rows.slice(1, -2)) assert(!text.includes("…"), text);
});

Deno.test("a secret is never shown", () => {
  const field = { ...textField("Passphrase", { text: "correct horse" }), isSecret: true };
  const form = { name: "passphrase", fields: [field], focus: 0, busy: false } as const;
  const text = shown({ ...loggedIn, overlay: { kind: "form", form } }).join("\n");
  assert(!text.includes("correct"));
  assertStringIncludes(text, "•".repeat(13));
});

Deno.test("a text longer than its field is shown around the cursor", () => {
  const fields = [textField("Memo", { text: "中".repeat(200) })];
  const overlay: Overlay = { kind: "form", form: { name: "pay", fields, focus: 0, busy: false } };
  const { cursor } = screenRows({ ...loggedIn, overlay }, sizes[0]!, "unicode");
  assert(cursor!.x < 60);
});

Deno.test("a long text that was pasted is shown around the cursor wherever it stands", () => {
  const field = textField("Memo", { text: "é中".repeat(fieldLengthMax / 2) });
  for (let cursor = 0; cursor <= fieldLengthMax; cursor += 64) {
    const form = { name: "pay", fields: [{ ...field, cursor }], focus: 0, busy: false } as const;
    const screen = screenRows({ ...loggedIn, overlay: { kind: "form", form } }, sizes[0]!, "ascii");
    const line = screen.rows[screen.cursor!.y]!.map(({ text }) => text).join("");
    const { x } = screen.cursor!;
    assert(cursor === 0 ? x < 5 : x > 50 && x < 60, `the cursor stands at ${x}`);
    assertEquals(widthOf(line), 60);
  }
});

Deno.test("a screen below 60x18 says what it needs", () => {
  const rows = shown(loggedIn, { columns: 59, rows: 18 });
  assertEquals(rows[0]!.trimEnd(), "micropay needs 60 columns and 18 rows.");
  assertEquals(rows.length, 18);
});

Deno.test("whatever members and the server write, every row has the screen's width", () => {
  const texts = fc.oneof(
    fc.string({ unit: codePoint, maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.constantFrom(
      ...["\x1b[31mred\x1b[2J", "\u202eevil", `e${"\u0301".repeat(10_000)}`, "\u0301".repeat(99)],
      ...["中文".repeat(40), "👨‍👩‍👧".repeat(30), "a\r\n\tb", "\x9b2J", "🇨🇭🇨", "back\\slash"],
    ),
  );
  const overlays = texts.chain((text) =>
    fc.constantFrom<Overlay | undefined>(
      undefined,
      { kind: "help" },
      { kind: "details", title: text, lines: [text, text] },
      { kind: "question", lines: [text] },
      {
        kind: "form",
        form: {
          name: "pay",
          fields: [{ ...textField("Payee", { text }), fault: text }, textField("Memo")],
          focus: 0,
          busy: false,
        },
      },
    )
  );
  const parameters = fc.tuple(
    ...[texts, overlays, fc.constantFrom(...sizes), fc.constantFrom(...iconSets)] as const,
  );
  fc.assert(
    fc.property(parameters, ([text, overlay, size, iconSet]) => {
      const row: Activity = { ...activity, other: text, memo: text };
      const { rows } = screenRows(
        {
          ...loggedIn,
          server: text,
          peers: [text],
          activity: { ...loggedIn.activity, rows: [row, { ...row, reason: text }] },
          overlay,
          notice: { kind: "news", text },
          messages: [text],
        },
        size,
        iconSet,
      );
      assertEquals(rows.length, size.rows);
      for (const parts of rows) {
        const line = parts.map((part) => part.text).join("");
        assertEquals(widthOf(line), size.columns);
        assert(!dangerous.test(line));
        assert(!/\p{M}{5}/u.test(line));
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("a text fits its columns exactly, and its cut shows", () => {
  assertEquals(fit("abc", 5), "abc  ");
  assertEquals(fit("abcdef", 5), "abcd…");
  assertEquals(fit("中文中文", 4), "中… ");
  assertEquals(fit("a", 0), "");
  assertEquals(harmless("\u0301x"), "◌\u0301x");
});

Deno.test("a character counts as wide as its parts are when a terminal draws them side by side", () => {
  assertEquals(widthOf("กำ".repeat(10)), 20);
  assertEquals(widthOf(`${"क्".repeat(10)}क`), 11);
  assertEquals(widthOf("👍🏽"), 4);
  assertEquals(widthOf("👩‍👩‍👧"), 6);
  // A terminal may widen these by their selector.
  assertEquals(widthOf("❤️1️⃣"), 4);
  assertEquals(widthOf("e\u0301"), 1);
});

Deno.test("long lines are broken at blanks, or where they must be", () => {
  assertEquals(wrap("pay bob five", 8), ["pay bob", "five"]);
  assertEquals(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  assertEquals(wrap("a 中中b c", 3), ["a", "中", "中b", "c"]);
  assertEquals(wrap("中", 1), ["中"]);
  assertEquals(wrap("", 4), [""]);
});

Deno.test("every icon has one column and is shown as it is, and the ASCII icons are ASCII", () => {
  for (const name of iconSets) {
    const { state, ...others } = icons[name];
    for (const icon of [...Object.values(state), ...Object.values(others)]) {
      assertEquals([...icon].length, 1);
      if (name === "ascii") assert(/^[!-~]$/.test(icon));
    }
  }
  for (const name of iconSets) {
    const received: Activity = { ...activity, state: "received" };
    const rows = { ...loggedIn.activity, rows: [received] };
    const screen = shown({ ...loggedIn, activity: rows }, sizes[0], name).join("");
    assert(screen.includes(icons[name].online), "it is shown as it is");
    assert(screen.includes(icons[name].state.received));
  }
  const ascii = shown({ ...loggedIn, overlay: { kind: "help" } }, sizes[0], "ascii").join("");
  assert(/^[ -~]+$/.test(ascii));
});

Deno.test("icons are guessed from the locale, and Nerd Font never is", () => {
  const guessed = (locale: Record<string, string>) => guessIcons((name) => locale[name]);
  assertEquals(guessed({ LANG: "en_GB.UTF-8" }), "unicode");
  assertEquals(guessed({ LANG: "en_GB.UTF-8", LC_ALL: "C" }), "ascii");
  assertEquals(guessed({}), "ascii");
});
