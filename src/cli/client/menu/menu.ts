/**
 * The numbered menu of the course project, line by line: for a terminal, or driven by a pipe.
 */
import type { AccountName } from "../../../account_name.ts";
import type { IncomingPayment } from "../../../client/payment/incoming_payments.ts";
import type { Member } from "../../../client/member.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { OrderOutcome } from "../../../client/payment/order_outcome.ts";
import type { Wallet } from "../../../client/wallet.ts";
import type { Clock } from "../../../clock.ts";
import {
  MicropayError,
  NotAuthenticatedError,
  OutputError,
  UnprintedPaymentError,
} from "../../../errors.ts";
import { unusedConnectionMsMax } from "../../../limits.ts";
import { printable } from "../../../printable.ts";
import { codes } from "../../../protocol/code.ts";
import type { Refusal } from "../../../protocol/request_type.ts";
import { endpointText } from "../../../transport/byte_stream.ts";
import type { GreetedConnection } from "../../../transport/connect_channel.ts";
import type { MeteredNetwork } from "../../../transport/metered_network.ts";
import { errorText } from "../../error_fields.ts";
import { type ExitCode, exitCodes } from "../../exit_code.ts";
import type { LineInput } from "../../line_input.ts";
import { printPayment } from "../../standard_output.ts";
import type { ProcessIo } from "../../process_io.ts";
import { adviceOn, type Attempt, type NextSteps, registeredText } from "../advice.ts";
import { askBalanceSoon } from "../balance_soon.ts";
import type { TypeCommand } from "../command_typer.ts";
import { refusedReference, resolveId } from "../find_payment.ts";
import { onlineOptions, type PeerAddressRequest } from "../receive_command.ts";
import { historyEntriesDefault } from "../options.ts";
import {
  historyLine,
  listLines,
  notificationLines,
  paidLines,
  refusalText,
  unprintedText,
} from "../output.ts";
import { settlementText } from "../settlement_text.ts";
import { InputEnded, MenuInput } from "./menu_input.ts";

/**
 * The first line is the course project's. Scripts answer its questions line by line, so these never
 * change. Newer choices have numbers and questions of their own.
 */
const choices = [
  "1 REGISTER   2 LOGIN   3 LIST   4 TRANSACTION   5 EXIT",
  "6 HISTORY   7 REFUND   8 TRANSACTION WITH A MEMO   9 REGISTER WITH A CODE",
];

/** What the menu's choices are called in its texts. */
export const menuSteps: NextSteps = {
  list: "3 LIST",
  history: "6 HISTORY",
  withCode: "choose 9 REGISTER WITH A CODE",
  viaServer: "choose y, and the server delivers it anyway",
};

/** What the menu is run with. */
export interface RunMenuOptions {
  readonly wallet: Wallet;
  readonly input: LineInput;
  readonly network: MeteredNetwork;
  readonly clock: Clock;
  /** Where peers reach this client, as given on the command line. */
  readonly address: PeerAddressRequest;
  /** Types a command of the client in full. */
  readonly typed: TypeCommand;
}

/**
 * Shows the menu until EXIT, the end of the input, or a signal. Then it prints how many bytes were
 * transferred, and how long it took.
 *
 * @throws {MicropayError} when the first connection fails: the server cannot be reached or is not
 * trusted, or a signal came
 */
export async function runMenu(
  { wallet, input, network, clock, address, typed }: RunMenuOptions,
  { print, isReaderGone, isTerminal, say, onSignal }: ProcessIo,
): Promise<ExitCode> {
  const startMs = clock.monotonicMs();
  const interrupted = new AbortController();
  const stop = onSignal(() => interrupted.abort());
  const printUse = () => {
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
    print(`Bytes written: ${network.bytesWritten}`);
    print(`Bytes read: ${network.bytesRead}`);
    print(`Time spent: ${seconds} s`);
  };
  try {
    const questions = new MenuInput(input, {
      signal: interrupted.signal,
      say,
      isTerminal: isTerminal(),
    });
    const options = { wallet, input: questions, clock, address, typed };
    const menu = new Menu({ ...options, print, isReaderGone, say });
    const code = await menu.run();
    printUse();
    return code;
  } catch (error) {
    // The totals must not take the place of a result that could not be printed.
    if (!(error instanceof OutputError || error instanceof UnprintedPaymentError)) printUse();
    throw error;
  } finally {
    stop();
  }
}

interface MenuOptions
  extends
    Omit<RunMenuOptions, "input" | "network">,
    Pick<ProcessIo, "print" | "say" | "isReaderGone"> {
  readonly input: MenuInput;
}

class Menu {
  readonly #options: MenuOptions;
  #unused: { readonly connection: GreetedConnection; readonly sinceMs: number } | undefined;
  #member: Member | undefined;
  /** The payment that the last choice could not deliver, because its payee is away. */
  #undelivered: PaymentTerms | undefined;

  constructor(options: MenuOptions) {
    this.#options = options;
  }

  async run(): Promise<ExitCode> {
    const { input, say } = this.#options;
    const { anchor, stream } = await this.#connection();
    say(`Connected to ${endpointText(stream.remote)}, ledger ${anchor.fingerprint}`);
    try {
      while (await this.#step()) say("");
    } catch (error) {
      if (!(error instanceof InputEnded)) throw error;
    } finally {
      await input.close();
      await this.#exit();
    }
    return exitCodes.ok;
  }

  /** @returns whether to go on */
  async #step(): Promise<boolean> {
    const { input, say } = this.#options;
    choices.forEach(say);
    const choice = await input.ask("Your choice");
    const undelivered = this.#undelivered;
    this.#undelivered = undefined;
    try {
      if (choice === "5") return false;
      await this.#perform(choice, undelivered);
    } catch (error) {
      if (error instanceof InputEnded || !(error instanceof MicropayError)) throw error;
      // A script that misses a result would believe that nothing was done.
      if (error instanceof OutputError || error instanceof UnprintedPaymentError) throw error;
      this.#sayError(error);
    }
    return true;
  }

  async #perform(choice: string, undelivered: PaymentTerms | undefined): Promise<void> {
    switch (choice) {
      case "1":
        return await this.#register({ withCode: false });
      case "2":
        return await this.#logIn();
      case "3":
        return await this.#asMember((member) => this.#list(member));
      case "4":
        return await this.#asMember((member) => this.#pay(member, { withMemo: false }));
      case "6":
        return await this.#asMember((member) => this.#history(member));
      case "7":
        return await this.#asMember((member) => this.#refund(member));
      case "8":
        return await this.#asMember((member) => this.#pay(member, { withMemo: true }));
      case "9":
        return await this.#register({ withCode: true });
    }
    // "y" is an answer at the menu itself, so that a script's next choice still counts as one.
    if (undelivered && /^y(es)?$/i.test(choice)) {
      return await this.#asMember((member) => this.#deliver(member, undelivered));
    }
    this.#options.say(`"${printable(choice)}" is not a choice: type a number from 1 to 9`);
  }

  /** Runs a choice about money. Without a login it says so instead. */
  async #asMember(action: (member: Member) => Promise<void>): Promise<void> {
    if (this.#member) return await action(this.#member);
    this.#options.print(codes[240].text);
    this.#options.say("2 LOGIN does that, with an account that 1 REGISTER made");
  }

  async #register({ withCode }: { readonly withCode: boolean }): Promise<void> {
    const { input, print, say, wallet } = this.#options;
    if (this.#member) return say(`You are logged in as ${this.#member.context.name}; exit first`);
    const { account, typed } = await input.askTypedName("Name");
    const code = withCode ? await input.askCode("The operator's one-time code") : undefined;
    const connection = await this.#connection();
    this.#unused = undefined;
    const registering = wallet.register(connection, account, { code });
    const outcome = await input.unlessInterrupted(registering, `register ${account}`);
    if (outcome.outcome === "refused") {
      return this.#printRefusal(outcome, { kind: "register", account, hasCode: withCode });
    }
    print(`100 ${codes[100].text}`);
    say(registeredText(outcome.answer, { typed, hasCode: withCode, next: "2 LOGIN" }));
  }

  async #logIn(): Promise<void> {
    const { address, input, say } = this.#options;
    if (this.#member) return say(`You are logged in as ${this.#member.context.name} already`);
    const name = await input.askName("Name");
    const port = await input.askPort("Port for payments, 0 for any", address.port);
    const member = await this.#openMember(name);
    if (!member) return;
    try {
      const attempt = `log in as ${name}`;
      await input.unlessInterrupted(this.#settle(member), attempt);
      const going = member.goOnline({
        ...onlineOptions({ ...address, port }),
        onPayment: (payment) => input.interject(() => this.#notify(payment, member)),
        onFault: (error) => input.interject(() => this.#sayError(error)),
      });
      const outcome = await input.unlessInterrupted(going, attempt);
      if (outcome.outcome === "refused") {
        this.#printRefusal(outcome, { kind: "log_in", name });
        return await member.abandon();
      }
    } catch (error) {
      await member.abandon();
      throw error;
    }
    this.#member = member;
    this.#watch(member);
    say(`Online as ${name}, taking payments on port ${member.peerPort}`);
    await this.#list(member);
  }

  async #settle(member: Member): Promise<void> {
    const { input, say } = this.#options;
    for await (const settled of member.settle()) {
      // Nobody waits for it any more.
      if (input.isInterrupted) return;
      say(settlementText(settled));
    }
  }

  async #openMember(name: AccountName): Promise<Member | undefined> {
    const { print, wallet } = this.#options;
    const connection = await this.#connection();
    try {
      const member = await wallet.member(connection, name);
      this.#unused = undefined;
      return member;
    } catch (error) {
      if (!(error instanceof NotAuthenticatedError)) throw error;
      // The server would say the same about an account that is not this user's.
      print(`220 ${codes[220].text}`);
      this.#sayError(error);
      return undefined;
    }
  }

  async #list(member: Member): Promise<void> {
    const outcome = await member.list();
    if (outcome.outcome === "refused") return this.#printRefusal(outcome, questionOf(member));
    listLines(outcome.answer).forEach(this.#options.print);
  }

  async #pay(member: Member, { withMemo }: { readonly withMemo: boolean }): Promise<void> {
    const { input } = this.#options;
    const payee = await input.askName("Payee");
    const amount = await input.askAmount("Amount");
    const memo = withMemo ? await input.askMemo("Memo, empty for none") : undefined;
    const terms = { payee, amount, memo };
    const outcome = await member.pay(terms);
    await this.#printOutcome(member, outcome, { ...terms, kind: "pay", name: nameOf(member) });
    const isAway = outcome.outcome === "refused" && [263, 264].includes(outcome.code);
    this.#undelivered = isAway ? terms : undefined;
  }

  async #deliver(member: Member, terms: PaymentTerms): Promise<void> {
    const outcome = await member.pay({ ...terms, viaServer: true });
    await this.#printOutcome(member, outcome, { ...terms, kind: "pay", name: nameOf(member) });
  }

  async #refund(member: Member): Promise<void> {
    const { input, say } = this.#options;
    const payment = await input.askPayment("Payment, its entry or id");
    const amount = await input.askAmountOrAll("Amount, empty for all that is left");
    const found = await resolveId(payment, member);
    const outcome = found.outcome === "refused"
      ? refusedReference(found)
      : await member.refund({ id: found.answer.id, amount }, {
        onSettled: (settled) => say(settlementText(settled)),
      });
    await this.#printOutcome(member, outcome, {
      kind: "refund",
      name: nameOf(member),
      payment,
      amount,
    });
  }

  async #history(member: Member): Promise<void> {
    for await (const page of member.history({ limit: historyEntriesDefault })) {
      if (page.outcome === "refused") return this.#printRefusal(page, questionOf(member));
      for (const row of page.answer.entries) this.#options.print(historyLine(row));
    }
  }

  async #printOutcome(
    member: Member,
    outcome: OrderOutcome,
    attempt: Extract<Attempt, { readonly kind: "pay" | "refund" }>,
  ): Promise<void> {
    const { print, typed } = this.#options;
    const isAsked = outcome.outcome === "paid" || outcome.code === 270;
    const balance = isAsked ? await askBalanceSoon(member) : undefined;
    if (outcome.outcome === "refused") return this.#printRefusal(outcome, { ...attempt, balance });
    const { id, entry } = outcome.receipt.payload;
    printPayment({ id, entry, askWith: typed("status", nameOf(member)) }, () => {
      paidLines(outcome, { balance }).forEach(print);
    }, this.#options);
  }

  /** Says no in the course project's words, then what to do. */
  #printRefusal(refusal: Refusal, attempt: Attempt): void {
    const { print, say } = this.#options;
    print(refusalText(refusal));
    const advice = adviceOn(refusal, attempt, menuSteps);
    if (advice !== undefined) say(advice);
  }

  /** Prints a payment that arrived. Never throws, because the payment is booked already. */
  #notify(payment: IncomingPayment, { context: { receiptsFile: file } }: Member): void {
    const { print, isReaderGone, say } = this.#options;
    try {
      notificationLines(payment).forEach(print);
      if (isReaderGone()) say(unprintedText(payment, { file }));
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      say(unprintedText(payment, { file }));
    }
  }

  #sayError(error: unknown): void {
    const { say, typed } = this.#options;
    // People type it in another terminal, where the account has to be named.
    const whole = (words: string) => typed(words, this.#member?.context.name);
    say(`micropay: ${printable(errorText(error, whole))}`);
  }

  /** Says at once that the server is gone, not only at the next question. */
  #watch(member: Member): void {
    const { input, say } = this.#options;
    member.context.link.closed.then(async (reason) => {
      if (this.#member !== member) return;
      this.#member = undefined;
      const text = `micropay: ${printable(reason.message)}; log in again with 2 LOGIN`;
      input.interject(() => say(text));
      await member.abandon();
    });
  }

  /** @returns an unused connection: the last one if it is fresh, or a new one */
  async #connection(): Promise<GreetedConnection> {
    const { clock, input, wallet } = this.#options;
    const unused = this.#unused;
    if (unused && clock.monotonicMs() - unused.sinceMs < unusedConnectionMsMax) {
      return unused.connection;
    }
    unused?.connection.close();
    this.#unused = undefined;
    const connection = await input.unlessInterrupted(wallet.connect(), "connect to the server");
    this.#unused = { connection, sinceMs: clock.monotonicMs() };
    return connection;
  }

  async #exit(): Promise<void> {
    this.#unused?.connection.close();
    const member = this.#member;
    this.#member = undefined;
    try {
      await member?.exit();
      this.#options.print(codes[120].text);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      this.#sayError(error);
      await member?.abandon();
    }
  }
}

function nameOf(member: Member): AccountName {
  return member.context.name;
}

function questionOf(member: Member): Attempt {
  return { kind: "ask", name: nameOf(member) };
}
