/**
 * The menu's questions. A bad answer leads back to the menu. If the menu repeated the question, it
 * would read a script's next line, which answers another question, as an amount.
 */
import { inputLineBytesMax } from "../../../limits.ts";
import { type AccountName, accountNameRule, parseAccountName } from "../../../account_name.ts";
import { untilAborted } from "../../../client/until_aborted.ts";
import { InterruptedError, UsageError } from "../../../errors.ts";
import { isMemo, memoRule } from "../../../memo.ts";
import { type Amount, amountRuleFor, parseAmount } from "../../../money.ts";
import { printable } from "../../../printable.ts";
import { type LineInput } from "../../line_input.ts";
import {
  oneTimeCodeRule,
  parseOneTimeCode,
  parseTypedName,
} from "../../command_line/option_values.ts";
import {
  parsePaymentReference,
  type PaymentReference,
  paymentReferenceRule,
} from "../payment_reference.ts";

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

  askName(question: string): Promise<AccountName> {
    return this.#askFor(question, parseAccountName, accountNameRule);
  }

  askTypedName(question: string): Promise<{ account: AccountName; typed: string }> {
    return this.#askFor(question, parseTypedName, accountNameRule);
  }

  askAmount(question: string): Promise<Amount> {
    return this.#askFor(question, parseAmount, amountRuleFor);
  }

  async askAmountOrAll(question: string): Promise<Amount | undefined> {
    const parse = (text: string) => text === "" ? "all" : parseAmount(text);
    const answer = await this.#askFor(question, parse, amountRuleFor);
    return answer === "all" ? undefined : answer;
  }

  async askMemo(question: string): Promise<string | undefined> {
    const parse = (text: string) => text === "" || isMemo(text) ? text : undefined;
    return await this.#askFor(question, parse, memoRule) || undefined;
  }

  askPayment(question: string): Promise<PaymentReference> {
    return this.#askFor(question, parsePaymentReference, paymentReferenceRule);
  }

  askCode(question: string): Promise<string> {
    return this.#askFor(question, parseOneTimeCode, oneTimeCodeRule);
  }

  /** @param preset what an empty answer means */
  askPort(question: string, preset: number): Promise<number> {
    const parse = (text: string) => text === "" ? preset : parsePort(text);
    return this.#askFor(question, parse, "a port is a whole number from 0 to 65535");
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

  async #askFor<Value>(
    question: string,
    parse: (text: string) => Value | undefined,
    rule: string | ((refused: string) => string),
  ): Promise<Value> {
    const text = await this.ask(question);
    const value = parse(text);
    if (value !== undefined) return value;
    const broken = typeof rule === "string" ? rule : rule(text);
    throw new UsageError(`"${printable(text)}" is refused: ${broken}`);
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

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port <= 65535 ? port : undefined;
}
