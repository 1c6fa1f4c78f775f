/**
 * Lines that a person types, or that a pipe or a file brings.
 */
import { Buffer } from "node:buffer";
import { untilAborted } from "../client/until_aborted.ts";
import { inputLineBytesMax } from "../limits.ts";
import { FileError, systemReason } from "../errors.ts";

export type LineResult =
  | { readonly kind: "line"; readonly text: string }
  /** A line that is too long. None of it is kept; the next line is read as usual. */
  | { readonly kind: "too_long" }
  | { readonly kind: "end" };

/** Ctrl-H, Ctrl-U and Ctrl-D, and the keys of a terminal that passes on each of them. */
const keys = {
  backspace: "\b",
  delete: "\x7f",
  eraseLine: "\x15",
  endOfInput: 0x04,
  escape: "\x1b",
} as const;

/**
 * Reads UTF-8 text line by line. A line ends with LF or CRLF; the last line needs no end. Lines
 * that arrive early are kept for the next question. Bytes that are not UTF-8 become U+FFFD, which
 * every answer's rule refuses.
 */
export class LineInput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #attempt: string;
  readonly #lineBytesMax: number;
  readonly #ready: LineResult[] = [];
  #read: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  /** The start of a line whose end has not arrived. */
  #start: Uint8Array = new Uint8Array();
  #skipping = false;
  #ended = false;
  /** Whether the terminal passes on each key, so that Enter is CR. */
  #isTyped = false;

  /**
   * Takes the stream for itself until {@link close}.
   *
   * @param options `attempt` begins the error's text, as in "read receipts.json"
   */
  constructor(
    readable: ReadableStream<Uint8Array>,
    { attempt = "read the input", lineBytesMax = inputLineBytesMax }: {
      readonly attempt?: string;
      readonly lineBytesMax?: number;
    } = {},
  ) {
    this.#reader = readable.getReader();
    this.#attempt = attempt;
    this.#lineBytesMax = lineBytesMax;
  }

  /**
   * Returns the next line. One call at a time.
   *
   * An aborted call takes nothing: a read under way goes on, and its bytes go to the next call.
   *
   * @throws the signal's reason when it is aborted
   * @throws {FileError} when the input cannot be read
   */
  async next(signal?: AbortSignal): Promise<LineResult> {
    signal?.throwIfAborted();
    while (this.#ready.length === 0 && !this.#ended) await this.#fill(signal);
    return this.#ready.shift() ?? { kind: "end" };
  }

  /**
   * Returns the next line from a terminal that passes on each key. It ends with Enter, or with
   * Ctrl-D; an empty one with Ctrl-D is the end. What was erased is not in it.
   *
   * @throws as {@link next}
   */
  async nextTyped(signal?: AbortSignal): Promise<LineResult> {
    this.#isTyped = true;
    try {
      const line = await this.next(signal);
      return line.kind === "line" ? { kind: "line", text: afterEditing(line.text) } : line;
    } finally {
      this.#isTyped = false;
    }
  }

  /**
   * Releases the stream, so that a pending read does not keep the process alive. Every later line
   * is the end.
   */
  async close(): Promise<void> {
    this.#ended = true;
    this.#ready.length = 0;
    this.#start = new Uint8Array();
    await this.#reader.cancel().catch(() => {});
    this.#reader.releaseLock();
  }

  /**
   * Returns the next bytes as they arrive, for a reader of single keys. It does not see lines that
   * {@link next} has kept.
   *
   * @returns `undefined` at the end
   * @throws as {@link next}
   */
  async nextBytes(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    if (this.#ended) return undefined;
    let result: ReadableStreamReadResult<Uint8Array>;
    this.#read ??= this.#reader.read();
    try {
      result = await untilAborted(this.#read, signal, () => signal!.reason);
    } catch (error) {
      signal?.throwIfAborted();
      this.#ended = true;
      throw new FileError(`${this.#attempt}: ${systemReason(error)}`, { cause: error });
    }
    this.#read = undefined;
    // It was closed meanwhile.
    if (this.#ended) return undefined;
    this.#ended = result.done;
    return result.value;
  }

  async #fill(signal: AbortSignal | undefined): Promise<void> {
    const bytes = await this.nextBytes(signal);
    if (bytes) this.#take(bytes);
    else if (this.#start.length > 0) this.#endLine(new Uint8Array());
  }

  #take(chunk: Uint8Array): void {
    let rest = chunk;
    for (let end = this.#endIn(rest); end !== -1; end = this.#endIn(rest)) {
      const isEmpty = end === 0 && this.#start.length === 0;
      if (isEmpty && rest[end] === keys.endOfInput) this.#ready.push({ kind: "end" });
      else this.#endLine(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (this.#skipping) return;
    this.#start = Buffer.concat([this.#start, rest]);
    // One byte more than the longest line, because it can be that line's CR.
    if (this.#start.length > this.#lineBytesMax + 1) this.#refuse();
  }

  #endIn(bytes: Uint8Array): number {
    if (!this.#isTyped) return bytes.indexOf(lineFeed);
    return bytes.findIndex((byte) =>
      byte === lineFeed || byte === carriageReturn || byte === keys.endOfInput
    );
  }

  #endLine(rest: Uint8Array): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    const line = withoutCarriageReturn(Buffer.concat([this.#start, rest]));
    this.#start = new Uint8Array();
    this.#ready.push(
      line.length > this.#lineBytesMax
        ? { kind: "too_long" }
        : { kind: "line", text: new TextDecoder().decode(line) },
    );
  }

  #refuse(): void {
    this.#ready.push({ kind: "too_long" });
    this.#skipping = true;
    this.#start = new Uint8Array();
  }
}

/**
 * Asks a person a question with two answers.
 *
 * @returns whether the answer was yes; any other line, and the end of the input, is a no
 */
export async function askYesNo(
  question: string,
  { input, say }: { readonly input: LineInput; readonly say: (line: string) => void },
): Promise<boolean> {
  say(`${question} [y/N]`);
  const answer = await input.next();
  return answer.kind === "line" && /^y(es)?$/i.test(answer.text.trim());
}

/** A key, or the bytes that a terminal sends for an arrow or another key without a character. */
const keyPattern = new RegExp(`${keys.escape}(?:\\[[0-?]*[ -/]*[@-~]|O.)|.`, "gsu");

/** Returns what remains of the keys that a person pressed. */
function afterEditing(typed: string): string {
  const kept: string[] = [];
  for (const [key] of typed.matchAll(keyPattern)) {
    if (key === keys.backspace || key === keys.delete) kept.pop();
    else if (key === keys.eraseLine) kept.length = 0;
    else if (!/\p{Cc}/u.test(key)) kept.push(key);
  }
  return kept.join("");
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

function withoutCarriageReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
