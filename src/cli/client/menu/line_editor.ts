/**
 * A question in the last row of a terminal, and the answer that a person types behind it. What is
 * printed meanwhile appears above it.
 *
 * Only `run_menu.ts` imports this, dynamically: measuring the width of a text takes a package.
 */
import type { LineInput, LineResult } from "../../line_input.ts";
import type { ProcessIo } from "../../process_io.ts";
import { fitHarmless, harmless, widthOf } from "../screen/fitted_text.ts";
import type { Key } from "../screen/key.ts";
import { KeyReader } from "../screen/key_reader.ts";
import type { TextField } from "../screen/screen_state.ts";
import { shownCharacter, shownField } from "../screen/shown_field.ts";
import { editField, graphemesOf, textField } from "../screen/text_field.ts";
import type { AnswerSource, QuestionOptions } from "./answer_source.ts";

/** Control sequences of every terminal that moves its cursor at all. */
const sequences = {
  up: (rows: number) => rows === 0 ? "" : `\x1b[${rows}A`,
  right: (columns: number) => columns === 0 ? "" : `\x1b[${columns}C`,
  eraseBelow: "\x1b[J",
};

/** What the question leaves for the answer in the narrowest terminal. */
const answerColumnsMin = 10;

export class LineEditor implements AnswerSource {
  readonly #input: LineInput;
  readonly #terminal: Pick<ProcessIo, "draw" | "drawnColumns">;
  readonly #restore: () => void;
  readonly #reader = new KeyReader();
  readonly #keys: Key[] = [];
  /** The open question and its answer so far. */
  #field: TextField | undefined;
  /** The column of the cursor in the row that is drawn; `undefined` when none is. */
  #drawnCursor: number | undefined;

  /** Takes the terminal until {@link close}, so that it shows no key by itself. */
  constructor(
    input: LineInput,
    { hideTyping, ...terminal }: Pick<ProcessIo, "draw" | "drawnColumns" | "hideTyping">,
  ) {
    this.#input = input;
    this.#terminal = terminal;
    this.#restore = hideTyping();
  }

  async ask(
    question: string,
    { signal, isSecret = false, completions = [] }: QuestionOptions,
  ): Promise<LineResult> {
    this.#field = { ...textField(question, { completions }), isSecret };
    try {
      for (;;) {
        if (this.#keys.length === 0) this.#draw();
        const key = await this.#nextKey(signal);
        if (!key || (key.name === "ctrl d" && this.#field.text === "")) return { kind: "end" };
        if (key.name === "enter") return { kind: "line", text: this.#field.text };
        this.#field = editField(this.#field, key) ?? this.#field;
      }
    } finally {
      this.#leave(this.#field);
      this.#field = undefined;
    }
  }

  interject(print: () => void): void {
    if (this.#drawnCursor === undefined) return print();
    this.#erase();
    try {
      print();
    } finally {
      this.#draw();
    }
  }

  async close(): Promise<void> {
    this.#restore();
    await this.#input.close();
  }

  /** @returns `undefined` at the end of the input */
  async #nextKey(signal: AbortSignal): Promise<Key | undefined> {
    while (this.#keys.length === 0) {
      const bytes = await this.#input.nextBytes(signal);
      if (!bytes) return undefined;
      this.#keys.push(...this.#reader.take(bytes));
    }
    const key = this.#keys.shift()!;
    if (key.name !== "text") return key;
    // A paste becomes one key, because each key measures the whole text.
    const pasted = [key.text];
    for (let next = this.#keys[0]; next?.name === "text"; next = this.#keys[0]) {
      pasted.push(next.text);
      this.#keys.shift();
    }
    return { name: "text", text: pasted.join("") };
  }

  /** Draws the question, and the part of the answer around the cursor, into one row. */
  #draw(): void {
    if (!this.#field) return;
    this.#erase();
    const columns = this.#terminal.drawnColumns() ?? 80;
    const label = labelOf(this.#field, columns - answerColumnsMin);
    const free = Math.max(2, columns - widthOf(label));
    const { text, cursor } = shownField(this.#field, free, { secret: "" });
    this.#drawnCursor = widthOf(label) + cursor;
    // The last column stays free for the cursor.
    const shown = label + fitHarmless(text, free - 1).trimEnd();
    this.#terminal.draw(`${shown}\r${sequences.right(this.#drawnCursor)}`);
  }

  /** A terminal that became narrower has broken the row. */
  #erase(): void {
    if (this.#drawnCursor === undefined) return;
    const columns = this.#terminal.drawnColumns() ?? 80;
    const rows = Math.floor(this.#drawnCursor / columns);
    this.#terminal.draw(`\r${sequences.up(rows)}${sequences.eraseBelow}`);
    this.#drawnCursor = undefined;
  }

  /** Leaves the question and its whole answer in the terminal, as a line of their own. */
  #leave(field: TextField): void {
    this.#erase();
    const answer = field.isSecret ? "" : graphemesOf(field.text).map(shownCharacter).join("");
    this.#terminal.draw(`${labelOf(field, Infinity)}${answer}\n`);
  }
}

function labelOf({ label }: TextField, columns: number): string {
  const shown = `${harmless(label)} `;
  return widthOf(shown) <= columns ? shown : fitHarmless(shown, columns);
}
