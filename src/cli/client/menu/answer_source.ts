/**
 * Where the menu's answers come from.
 */
import type { LineInput, LineResult } from "../../line_input.ts";

export interface QuestionOptions {
  /** Ends the question. */
  readonly signal: AbortSignal;
  /** Whether the answer is not shown. */
  readonly isSecret?: boolean;
  /** Texts to which Tab completes the answer. */
  readonly completions?: readonly string[];
}

export interface AnswerSource {
  /**
   * Asks a question. One at a time.
   *
   * @throws the signal's reason when it is aborted
   */
  ask(question: string, options: QuestionOptions): Promise<LineResult>;
  /** Prints something that no choice asked for, such as a payment that arrived. */
  interject(print: () => void): void;
  /** Frees the input, so that it does not keep the process alive. */
  close(): Promise<void>;
}

/** Answers of a pipe, or of a terminal that shows the keys itself. */
export class LineAnswers implements AnswerSource {
  readonly #input: LineInput;
  readonly #say: (line: string) => void;
  readonly #isTerminal: boolean;
  /** The question that waits for its answer. */
  #open: string | undefined;

  constructor(
    input: LineInput,
    { say, isTerminal }: {
      readonly say: (line: string) => void;
      readonly isTerminal: boolean;
    },
  ) {
    this.#input = input;
    this.#say = say;
    this.#isTerminal = isTerminal;
  }

  async ask(question: string, { signal }: Pick<QuestionOptions, "signal">): Promise<LineResult> {
    this.#open = question;
    this.#say(question);
    try {
      return await this.#input.next(signal);
    } finally {
      this.#open = undefined;
    }
  }

  /** On a terminal it repeats the open question, because a person looks at the last line. */
  interject(print: () => void): void {
    const question = this.#isTerminal ? this.#open : undefined;
    // The person may have begun to type an answer on this line.
    if (question !== undefined) this.#say("");
    print();
    if (question !== undefined) this.#say(question);
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
