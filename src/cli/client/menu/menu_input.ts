/**
 * The menu's questions. A bad answer leads back to the menu. If the menu repeated the question, it
 * would read a script's next line, which answers another question, as an amount.
 */
import { inputLineBytesMax } from "../../../limits.ts";
import { untilAborted } from "../../../client/until_aborted.ts";
import { InterruptedError, PassphraseError, UsageError } from "../../../errors.ts";
import { ValueRefusal } from "../../command_line/value_rule.ts";
import type { AnswerSource, QuestionOptions } from "./answer_source.ts";

/** There will be no more answers: the input is at its end, or a signal came. */
export class InputEnded extends InterruptedError {}

interface MenuInputOptions {
  /** Ends an open question, and whatever {@link MenuInput.unlessInterrupted} waits for. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Asks one question at a time. Each throws `InputEnded` when there is no answer, and `UsageError`
 * when it is bad.
 */
export class MenuInput {
  readonly #answers: AnswerSource;
  readonly #options: MenuInputOptions;

  constructor(answers: AnswerSource, options: MenuInputOptions) {
    this.#answers = answers;
    this.#options = options;
  }

  async ask(
    question: string,
    options: Pick<QuestionOptions, "completions"> = {},
  ): Promise<string> {
    for (;;) {
      const answer = await this.#next(`${question}:`, options);
      if (answer.kind === "line") return answer.text.trim();
      this.#options.say(`The line is longer than ${inputLineBytesMax} bytes`);
    }
  }

  /** Prints something that no choice asked for, such as a payment that arrived. */
  interject(print: () => void): void {
    this.#answers.interject(print);
  }

  async askFor<Value>(
    question: string,
    read: (text: string) => Value,
    options?: Pick<QuestionOptions, "completions">,
  ): Promise<Value> {
    return readAnswer(await this.ask(question, options), read);
  }

  /** @returns `undefined` for an empty answer */
  async askOptional<Value>(
    question: string,
    read: (text: string) => Value,
    options?: Pick<QuestionOptions, "completions">,
  ): Promise<Value | undefined> {
    const text = await this.ask(question, options);
    return text === "" ? undefined : readAnswer(text, read);
  }

  /**
   * Shows lines and asks the last one.
   *
   * @returns whether the answer was yes; any other line, and the end of the input, is a no
   */
  async confirm(lines: readonly string[]): Promise<boolean> {
    lines.slice(0, -1).forEach(this.#options.say);
    try {
      const answer = await this.#next(`${lines.at(-1)} [y/N]`, {});
      return answer.kind === "line" && /^y(es)?$/i.test(answer.text.trim());
    } catch (error) {
      if (error instanceof InputEnded) return false;
      throw error;
    }
  }

  /** @throws {PassphraseError} when none was typed */
  async askPassphrase(account: string): Promise<string> {
    const answer = await this.#next(`Passphrase of the key of ${account}:`, { isSecret: true });
    if (answer.kind === "line" && answer.text !== "") return answer.text;
    throw new PassphraseError("ask for the passphrase: none was typed");
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

  async #next(question: string, options: Omit<QuestionOptions, "signal">) {
    try {
      const answer = await this.#answers.ask(question, {
        ...options,
        signal: this.#options.signal,
      });
      if (answer.kind !== "end") return answer;
    } catch (error) {
      if (!this.isInterrupted) throw error;
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
