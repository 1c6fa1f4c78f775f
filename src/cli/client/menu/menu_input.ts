/**
 * The menu's questions. A bad answer leads back to the menu. If the menu repeated the question, it
 * would read a script's next line, which answers another question, as an amount.
 */
import { inputLineBytesMax } from "../../../limits.ts";
import { untilAborted } from "../../../client/until_aborted.ts";
import { InterruptedError, UsageError } from "../../../errors.ts";
import { ValueRefusal } from "../../command_line/value_rule.ts";
import type { LineInput } from "../../line_input.ts";

/** There will be no more answers: the input is at its end, or a signal came. */
export class InputEnded extends InterruptedError {}

interface MenuInputOptions {
  /** Ends an open question, and whatever {@link MenuInput.unlessInterrupted} waits for. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Whether a person types the answers. */
  readonly isTerminal: boolean;
}

/**
 * Asks one question at a time. Each throws `InputEnded` when there is no answer, and `UsageError`
 * when it is bad.
 */
export class MenuInput {
  readonly #input: LineInput;
  readonly #options: MenuInputOptions;
  /** The question that waits for its answer. */
  #open: string | undefined;

  constructor(input: LineInput, options: MenuInputOptions) {
    this.#input = input;
    this.#options = options;
  }

  async ask(question: string): Promise<string> {
    const { say } = this.#options;
    for (;;) {
      this.#open = `${question}:`;
      say(this.#open);
      const answer = await this.#next();
      if (answer.kind === "line") return answer.text.trim();
      say(`The line is longer than ${inputLineBytesMax} bytes`);
    }
  }

  /**
   * Prints something that no choice asked for, such as a payment that arrived. On a terminal it
   * then repeats the open question, because a person looks at the last line.
   */
  interject(print: () => void): void {
    const { isTerminal, say } = this.#options;
    const question = isTerminal ? this.#open : undefined;
    // The person may have begun to type an answer on this line.
    if (question !== undefined) say("");
    print();
    if (question !== undefined) say(question);
  }

  async askFor<Value>(question: string, read: (text: string) => Value): Promise<Value> {
    return readAnswer(await this.ask(question), read);
  }

  /** @returns `undefined` for an empty answer */
  async askOptional<Value>(
    question: string,
    read: (text: string) => Value,
  ): Promise<Value | undefined> {
    const text = await this.ask(question);
    return text === "" ? undefined : readAnswer(text, read);
  }

  /**
   * Waits for a promise until a signal comes. The server's waiting room may take long, and so may a
   * person who decides whom to trust. No payment is waited for like this: its payer has to hear its
   * outcome.
   *
   * @throws {InputEnded} when a signal comes first
   */
  unlessInterrupted<Result>(promise: Promise<Result>, attempt: string): Promise<Result> {
    const ended = () => new InputEnded(`${attempt}: it was interrupted`);
    return untilAborted(promise, this.#options.signal, ended);
  }

  get isInterrupted(): boolean {
    return this.#options.signal.aborted;
  }

  /** Frees the input, so that it does not keep the process alive. */
  close(): Promise<void> {
    return this.#input.close();
  }

  async #next() {
    try {
      const answer = await this.#input.next(this.#options.signal);
      if (answer.kind !== "end") return answer;
    } catch (error) {
      if (!this.isInterrupted) throw error;
    } finally {
      this.#open = undefined;
    }
    throw new InputEnded("read an answer: the input has ended");
  }
}

function readAnswer<Value>(text: string, read: (text: string) => Value): Value {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof ValueRefusal)) throw error;
    throw new UsageError(`"${text}" is refused: ${error.rule}`);
  }
}
