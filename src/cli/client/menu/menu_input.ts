/**
 * The menu's questions. An answer that cannot be used leads back to the menu: asked again, a script's next line, meant for
 * something else, would be taken for an amount.
 */
import { inputLineBytesMax } from "../../../limits.ts";
import { type AccountName, accountNameRule, parseAccountName } from "../../../account_name.ts";
import { untilAborted } from "../../../client/payment/handing_over.ts";
import { InterruptedError, UsageError } from "../../../errors.ts";
import { isMemo, memoRule } from "../../../memo.ts";
import { type Amount, amountRuleFor, parseAmount } from "../../../money.ts";
import { printable } from "../../../printable.ts";
import { type LineInput } from "../../line_input.ts";
import { oneTimeCodeRule, parseOneTimeCode } from "../../command_line/option_values.ts";
import {
  parsePaymentReference,
  type PaymentReference,
  paymentReferenceRule,
} from "../payment_reference.ts";

/** There will be no more answers: the input is at its end, or a signal came. */
export class InputEnded extends InterruptedError {}

export class MenuInput {
  readonly #input: LineInput;
  readonly #signal: AbortSignal;
  readonly #say: (line: string) => void;

  /** @param signal ends the question that is being asked, or what is waited for */
  constructor(
    input: LineInput,
    { signal, say }: { signal: AbortSignal; say: (line: string) => void },
  ) {
    this.#input = input;
    this.#signal = signal;
    this.#say = say;
  }

  /** @throws {InputEnded} */
  async ask(question: string): Promise<string> {
    for (;;) {
      this.#say(`${question}:`);
      const answer = await this.#next();
      if (answer.kind === "line") return answer.text.trim();
      this.#say(`The line is longer than ${inputLineBytesMax} bytes`);
    }
  }

  /** @throws {InputEnded} and {UsageError} */
  askName(question: string): Promise<AccountName> {
    return this.#askFor(question, parseAccountName, accountNameRule);
  }

  /**
   * Asks for a name and keeps how it was typed.
   *
   * @throws {InputEnded} and {UsageError}
   */
  askTypedName(question: string): Promise<{ account: AccountName; typed: string }> {
    const parse = (typed: string) => {
      const account = parseAccountName(typed);
      return account === undefined ? undefined : { account, typed };
    };
    return this.#askFor(question, parse, accountNameRule);
  }

  /** @throws {InputEnded} and {UsageError} */
  askAmount(question: string): Promise<Amount> {
    return this.#askFor(question, parseAmount, amountRuleFor);
  }

  /**
   * Asks for an amount that may be left out.
   *
   * @throws {InputEnded} and {UsageError}
   */
  async askAmountOrAll(question: string): Promise<Amount | undefined> {
    const parse = (text: string) => text === "" ? "all" : parseAmount(text);
    const answer = await this.#askFor(question, parse, amountRuleFor);
    return answer === "all" ? undefined : answer;
  }

  /**
   * Asks for a memo that may be left out.
   *
   * @throws {InputEnded} and {UsageError}
   */
  async askMemo(question: string): Promise<string | undefined> {
    const parse = (text: string) => text === "" || isMemo(text) ? text : undefined;
    return await this.#askFor(question, parse, memoRule) || undefined;
  }

  /** @throws {InputEnded} and {UsageError} */
  askPayment(question: string): Promise<PaymentReference> {
    return this.#askFor(question, parsePaymentReference, paymentReferenceRule);
  }

  /** @throws {InputEnded} and {UsageError} */
  askCode(question: string): Promise<string> {
    return this.#askFor(question, parseOneTimeCode, oneTimeCodeRule);
  }

  /**
   * @param preset what an empty answer means
   * @throws {InputEnded} and {UsageError}
   */
  askPort(question: string, preset: number): Promise<number> {
    const parse = (text: string) => text === "" ? preset : parsePort(text);
    return this.#askFor(question, parse, "a port is a whole number from 0 to 65535");
  }

  /**
   * Waits until a signal comes: the server's waiting room takes long, and so does a person who is asked whom to trust. No payment
   * is waited for like this: its payer has to hear what became of it.
   *
   * @throws {InputEnded} when a signal comes first
   */
  unlessInterrupted<Result>(promise: Promise<Result>, attempt: string): Promise<Result> {
    const ended = () => new InputEnded(`${attempt}: it was interrupted`);
    return untilAborted(promise, this.#signal, ended);
  }

  get isInterrupted(): boolean {
    return this.#signal.aborted;
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
      const answer = await this.#input.next(this.#signal);
      if (answer.kind !== "end") return answer;
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
    throw new InputEnded("read an answer: the input has ended");
  }
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port <= 65535 ? port : undefined;
}
