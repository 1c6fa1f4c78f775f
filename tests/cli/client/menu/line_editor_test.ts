/** The row in which a person edits an answer, on a terminal that this file plays. */
import { assertEquals, assertRejects } from "@std/assert";
import stringWidth from "string-width";
import { LineEditor } from "../../../../src/cli/client/menu/line_editor.ts";
import { graphemesOf } from "../../../../src/cli/client/screen/text_field.ts";
import { LineInput } from "../../../../src/cli/line_input.ts";

const pieces = new RegExp("\x1b\\[\\d*[A-Z]|[^\x1b]+", "g");

/** Carries out what the editor draws, as a terminal does that breaks full rows. */
class PlayedTerminal {
  columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  draw = (text: string): void => {
    for (const piece of text.match(pieces) ?? []) {
      if (piece.startsWith("\x1b")) this.#obey(piece.at(-1)!, Number(piece.slice(2, -1)));
      else graphemesOf(piece).forEach((character) => this.#write(character));
    }
  };

  say = (line: string): void => this.draw(`${line}\n`);

  /** The rows, without the blanks at their ends. */
  get shown(): string[] {
    return this.#rows.map((row) => row.join("").trimEnd());
  }

  get cursor(): readonly [row: number, column: number] {
    return [this.#row, this.#column];
  }

  /** Breaks the rows anew, as a terminal that became narrower. */
  narrow(columns: number): void {
    const rows = this.#rows.splice(0);
    const row = this.#row;
    this.columns = columns;
    rows.forEach((cells, at) => {
      const text = cells.join("").trimEnd();
      if (at === row) {
        this.#row = this.#rows.length + Math.floor(this.#column / columns);
        this.#column %= columns;
      }
      for (let start = 0; start === 0 || start < text.length; start += columns) {
        this.#rows.push([...text.slice(start, start + columns)]);
      }
    });
  }

  #obey(final: string, count: number): void {
    if (final === "A") this.#row -= count;
    else if (final === "C") this.#column += count;
    else if (final === "J") {
      this.#rows.splice(this.#row + 1);
      this.#rows[this.#row]!.splice(this.#column);
    } else throw new Error(`the terminal does not know ${final}`);
  }

  #write(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") {
      this.#column = 0;
      this.#rows[++this.#row] ??= [];
    } else {
      const width = stringWidth(character);
      if (this.#column + width > this.columns) this.#write("\n");
      const row = this.#rows[this.#row]!;
      while (row.length < this.#column) row.push(" ");
      row.splice(this.#column, width, character, ...Array(width - 1).fill(""));
      this.#column += width;
    }
  }
}

async function withEditor(
  columns: number,
  act: (scene: {
    readonly terminal: PlayedTerminal;
    readonly editor: LineEditor;
    readonly type: (text: string | Uint8Array) => Promise<void>;
    readonly endInput: () => Promise<void>;
    readonly stop: AbortController;
  }) => Promise<void>,
): Promise<void> {
  const terminal = new PlayedTerminal(columns);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  let hidden = 0;
  const editor = new LineEditor(new LineInput(readable), {
    draw: terminal.draw,
    drawnColumns: () => terminal.columns,
    hideTyping: () => {
      hidden++;
      return () => void hidden--;
    },
  });
  assertEquals(hidden, 1);
  const bytes = (text: string | Uint8Array) =>
    typeof text === "string" ? new TextEncoder().encode(text) : text;
  try {
    await act({
      ...{ terminal, editor, stop: new AbortController() },
      type: async (text) => {
        await writer.write(bytes(text));
        // The editor takes the keys in the turns that follow.
        await new Promise((resolve) => setTimeout(resolve, 0));
      },
      endInput: () => writer.close(),
    });
  } finally {
    await editor.close();
    await writer.abort().catch(() => {});
  }
  assertEquals(hidden, 0);
}

const answers: readonly { readonly keys: string; readonly text: string }[] = [
  { keys: "bob\r", text: "bob" },
  { keys: "bob\n", text: "bob" },
  { keys: "bix\x7f\bob\r", text: "bob" },
  { keys: "alice\x15bob\r", text: "bob" },
  { keys: "to bob\x17me\r", text: "to me" },
  { keys: "ob\x1b[D\x1b[Db\r", text: "bob" },
  { keys: "ob\x1bOD\x1bODb\x1bOC\x1b[Cs\r", text: "bobs" },
  { keys: "ob\x01b\x05s\r", text: "bobs" },
  { keys: "xbob\x1b[H\x1b[3~\r", text: "bob" },
  { keys: "xbob\x01\x04\r", text: "bob" },
  { keys: "b\x1b[1;5Ao\x1b[15~b\x00\r", text: "bob" },
  { keys: "昼ごはん😀👩‍👩‍👧\x7f\x7f\r", text: "昼ごはん" },
  { keys: "e\u0301\x7fé\r", text: "é" },
];

for (const { keys, text } of answers) {
  Deno.test(`editor: the keys ${JSON.stringify(keys)} are the answer ${text}, however they arrive`, async () => {
    for (const bytesAtOnce of [1, 100]) {
      await withEditor(80, async ({ editor, stop: { signal }, terminal, type }) => {
        const asked = editor.ask("Payee:", { signal });
        const bytes = new TextEncoder().encode(keys);
        for (let at = 0; at < bytes.length; at += bytesAtOnce) {
          await type(bytes.subarray(at, at + bytesAtOnce));
        }
        assertEquals(await asked, { kind: "line", text });
        assertEquals(terminal.shown, [`Payee: ${text}`, ""]);
      });
    }
  });
}

Deno.test("editor: Ctrl-D without an answer and the end of the input are the end", async () => {
  await withEditor(80, async ({ editor, endInput, stop: { signal }, type }) => {
    const asked = editor.ask("Payee:", { signal });
    await type("x\x7f\x04");
    assertEquals(await asked, { kind: "end" });
    const again = editor.ask("Payee:", { signal });
    await endInput();
    assertEquals(await again, { kind: "end" });
  });
});

Deno.test("editor: keys that arrive before a question answer it, and the later ones the next", async () => {
  await withEditor(80, async ({ editor, stop: { signal }, terminal, type }) => {
    const first = editor.ask("Payee:", { signal });
    await type("bob\r5\rpiz");
    assertEquals(await first, { kind: "line", text: "bob" });
    assertEquals(await editor.ask("Amount:", { signal }), { kind: "line", text: "5" });
    const memo = editor.ask("Memo:", { signal });
    await type("");
    assertEquals(terminal.shown, ["Payee: bob", "Amount: 5", "Memo: piz"]);
    await type("za\r");
    assertEquals(await memo, { kind: "line", text: "pizza" });
  });
});

Deno.test("editor: what is printed appears above the question, and the answer and its cursor stay", async () => {
  await withEditor(20, async ({ editor, stop: { signal }, terminal, type }) => {
    const asked = editor.ask("Payee:", { signal });
    await type("bobs\x1b[D");
    editor.interject(() => {
      terminal.say("bob sent you 5");
      // A line within an interjection is not another one.
      editor.interject(() => terminal.say("entry 3"));
    });
    assertEquals(terminal.shown, ["bob sent you 5", "entry 3", "Payee: bobs"]);
    assertEquals(terminal.cursor, [2, 10]);
    await type("\r");
    assertEquals(await asked, { kind: "line", text: "bobs" });
    editor.interject(() => terminal.say("between questions"));
    assertEquals(terminal.shown.slice(2), ["Payee: bobs", "between questions", ""]);
  });
});

Deno.test("editor: a long answer of wide characters shows the part around the cursor in one row", async () => {
  await withEditor(20, async ({ editor, stop: { signal }, terminal, type }) => {
    const asked = editor.ask("Memo:", { signal });
    await type("一二三四五六七八九十");
    assertEquals(terminal.shown, ["Memo: 五六七八九十"]);
    editor.interject(() => terminal.say("news"));
    assertEquals(terminal.shown, ["news", "Memo: 五六七八九十"]);
    await type("\x01");
    assertEquals(terminal.shown, ["news", "Memo: 一二三四五六…"]);
    assertEquals(terminal.cursor, [1, 6]);
    await type("\r");
    assertEquals(await asked, { kind: "line", text: "一二三四五六七八九十" });
    assertEquals(terminal.shown, ["news", "Memo: 一二三四五六七", "八九十", ""]);
  });
});

Deno.test("editor: after the terminal became narrower the rows of the question are drawn as one", async () => {
  await withEditor(30, async ({ editor, stop: { signal }, terminal, type }) => {
    terminal.say("above");
    const asked = editor.ask("Memo:", { signal });
    await type("abcdefghijklmnopqr");
    terminal.narrow(16);
    assertEquals(terminal.shown, ["above", "Memo: abcdefghij", "klmnopqr"]);
    editor.interject(() => terminal.say("news"));
    assertEquals(terminal.shown, ["above", "news", "Memo: jklmnopqr"]);
    await type("\r");
    await asked;
  });
});

Deno.test("editor: a secret is not shown, and no answer can move the cursor", async () => {
  await withEditor(60, async ({ editor, stop: { signal }, terminal, type }) => {
    const secret = editor.ask("Passphrase:", { signal, isSecret: true });
    await type("hush");
    assertEquals(terminal.shown, ["Passphrase:"]);
    await type("\r");
    assertEquals(await secret, { kind: "line", text: "hush" });
    const memo = editor.ask("Memo:", { signal });
    await type("a\u202eb\\\u0301\u0301\u0301\u0301\u0301\u0301\r");
    assertEquals(await memo, { kind: "line", text: "ab\\\u0301\u0301\u0301\u0301\u0301\u0301" });
    assertEquals(terminal.shown[0], "Passphrase:");
  });
});

Deno.test("editor: a signal ends the question and leaves the line", async () => {
  await withEditor(60, async ({ editor, stop, terminal, type }) => {
    const asked = editor.ask("Payee:", { signal: stop.signal });
    await type("bo");
    stop.abort();
    await assertRejects(() => asked, DOMException);
    assertEquals(terminal.shown, ["Payee: bo", ""]);
  });
});
