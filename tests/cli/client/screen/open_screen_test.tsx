import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Key } from "../../../../src/cli/client/screen/key.ts";
import { prepareForInk } from "../../../../src/cli/client/screen/ink_environment.ts";
import { emptyScreen, type ScreenState } from "../../../../src/cli/client/screen/screen_state.ts";
import { textField } from "../../../../src/cli/client/screen/text_field.ts";
import { TerminalStreams } from "./terminal_streams.ts";

prepareForInk();
const { openScreen } = await import("../../../../src/cli/client/screen/open_screen.tsx");

const enterAlternateScreen = "\x1b[?1049h";
const leaveAlternateScreen = "\x1b[?1049l";

/** A screen whose state the test sets. */
class SetScreen {
  state: ScreenState = emptyScreen("127.0.0.1:8888");
  readonly keys: Key[] = [];
  readonly left = Promise.withResolvers<string>();
  readonly #listeners = new Set<() => void>();
  #pressed = () => {};

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  press(keys: readonly Key[]): void {
    this.keys.push(...keys);
    this.#pressed();
  }

  show(change: Partial<ScreenState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** Waits until so many keys were pressed. */
  async pressed(count: number): Promise<void> {
    while (this.keys.length < count) {
      await new Promise<void>((resolve) => this.#pressed = resolve);
    }
  }
}

function open({ columns = 80, rows = 24, hasColours = true } = {}) {
  const screen = new SetScreen();
  const streams = new TerminalStreams({ columns, rows });
  const run = () => screen.left.promise;
  const look = { iconSet: "unicode", hasColours } as const;
  return { screen, streams, closed: openScreen(screen, { run, look, streams }) };
}

Deno.test("the screen takes the whole terminal, and leaves it as it was", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  assert(streams.isRaw);
  assertStringIncludes(streams.output, enterAlternateScreen);
  screen.left.resolve("left");
  assertEquals(await closed, "left");
  assert(!streams.isRaw);
  assertStringIncludes(streams.output, leaveAlternateScreen);
  // Lines wrap, bracketed paste is off, and the cursor visible.
  assert(streams.output.indexOf("\x1b[?7l") < streams.output.indexOf("nobody is logged in"));
  assert(streams.output.lastIndexOf("\x1b[?7h") > streams.output.lastIndexOf("\x1b[?7l"));
  assert(streams.output.lastIndexOf("\x1b[?2004l") > streams.output.lastIndexOf("\x1b[?2004h"));
  assert(streams.output.lastIndexOf("\x1b[?25h") > streams.output.lastIndexOf("\x1b[?25l"));
});

Deno.test("an error of the client ends the screen before anybody can print it", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  screen.left.reject(new TypeError("a fault"));
  await assertRejects(() => closed, TypeError, "a fault");
  assertStringIncludes(streams.output, leaveAlternateScreen);
  assert(!streams.isRaw);
});

Deno.test("changes are drawn, and a new size at once", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  screen.show({ account: "alice", balance: 995 });
  await streams.until("balance 995");
  streams.resize({ columns: 40, rows: 10 });
  await streams.until("micropay needs 60 columns");
  streams.resize({ columns: 120, rows: 40 });
  await streams.until("127.0.0.1:8888");
  screen.left.resolve("");
  await closed;
});

Deno.test("keys arrive one by one, also when they were typed fast or pasted", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  streams.stdin.write("pé\r\x1b[A\x15\t\x7f\x03");
  await screen.pressed(8);
  streams.stdin.write("\x1b[200~one\ntwo\x1b[201~");
  await screen.pressed(9);
  assertEquals(screen.keys, [
    { name: "text", text: "p" },
    { name: "text", text: "é" },
    { name: "enter" },
    { name: "up" },
    { name: "ctrl u" },
    { name: "tab" },
    { name: "backspace" },
    { name: "ctrl c" },
    { name: "text", text: "one\ntwo" },
  ]);
  screen.left.resolve("");
  await closed;
});

Deno.test("a paste of 1 MB is one key, in however many pieces it arrives, and the next key follows", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  const text = "lunch 昼 ".repeat(2 ** 17);
  const bytes = new TextEncoder().encode(`\x1b[200~${text}\x1b[201~\x1b[A`);
  for (let at = 0; at < bytes.length; at += 4096) {
    streams.stdin.write(bytes.subarray(at, at + 4096));
  }
  await screen.pressed(2);
  assertEquals(screen.keys, [{ name: "text", text }, { name: "up" }]);
  screen.left.resolve("");
  await closed;
});

Deno.test("Ctrl-L erases the screen and draws every row again, also in a form", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  const fields = [textField("Name", { text: "ali" })];
  screen.show({
    account: "bob",
    overlay: { kind: "form", form: { name: "login", fields, focus: 0, busy: false } },
  });
  await streams.until("ali");
  const before = streams.output.length;
  streams.stdin.write("\x0c");
  await screen.pressed(1);
  const drawn = streams.output.slice(before);
  assert(drawn.includes("\x1b[H\x1b[2J"), drawn);
  const rows = drawn.slice(drawn.indexOf("\x1b[2J")).split("\n");
  assertEquals(rows.length, 24);
  assertStringIncludes(rows[0]!, "bob");
  assertStringIncludes(rows.join("\n"), "ali");
  assertStringIncludes(rows.at(-1)!, "\x1b[?25h");
  screen.left.resolve("");
  await closed;
});

Deno.test("the cursor stands in the field that takes the keys", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  const fields = [textField("Name", { text: "ali" })];
  screen.show({
    overlay: { kind: "form", form: { name: "login", fields, focus: 0, busy: false } },
  });
  await streams.until("ali");
  await streams.until("\x1b[?25h");
  screen.left.resolve("");
  await closed;
});

Deno.test("without colours the screen still has bold text and the chosen row", async () => {
  const { screen, streams, closed } = open({ hasColours: false });
  screen.show({ peers: ["bob"], notice: { kind: "failed", text: "not booked" } });
  await streams.until("not booked");
  assert(!/\[(3[0-8]|4[0-8]|9\d)m/.test(streams.output));
  assertStringIncludes(streams.output, "\x1b[7m");
  screen.left.resolve("");
  await closed;
});

Deno.test("a flood of changes is drawn at most 20 times a second, and its last state is", async () => {
  const { screen, streams, closed } = open();
  await streams.until("nobody is logged in");
  const before = streams.output.length;
  for (let balance = 0; balance <= 1000; balance++) screen.show({ account: "alice", balance });
  await streams.until("balance 1000");
  const frames = streams.output.slice(before).split("balance ").length - 1;
  assert(frames <= 3, `${frames} frames`);
  screen.left.resolve("");
  await closed;
});
