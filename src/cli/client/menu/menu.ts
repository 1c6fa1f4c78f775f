/**
 * The numbered menu of the course project, line by line: for a terminal, or driven by a pipe.
 */
import type { AccountName } from "../../../account_name.ts";
import type { Member } from "../../../client/member.ts";
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
import { endpointText } from "../../../transport/byte_stream.ts";
import type { GreetedConnection } from "../../../transport/connect_channel.ts";
import type { MeteredNetwork } from "../../../transport/metered_network.ts";
import { registeredText } from "../advice.ts";
import { settlementText } from "../settlement_text.ts";
import { errorText } from "../../error_fields.ts";
import type { LineInput } from "../../line_input.ts";
import type { ProcessIo } from "../../process_io.ts";
import type { TypeCommand } from "../command_typer.ts";
import { type ExitCode, exitCodes } from "../../exit_code.ts";
import { InputEnded, MenuInput } from "./menu_input.ts";
import {
  MenuPayments,
  type MenuTalk,
  notifyInMenu,
  refuseInMenu,
  type Undelivered,
} from "./menu_payments.ts";
import { onlineOptions, type PeerAddressRequest } from "../online_options.ts";

/**
 * The first line is the course project's. Scripts answer its questions line by line, so these never change.
 * Newer choices have numbers and questions of their own.
 */
const choices = [
  "1 REGISTER   2 LOGIN   3 LIST   4 TRANSACTION   5 EXIT",
  "6 HISTORY   7 REFUND   8 TRANSACTION WITH A MEMO   9 REGISTER WITH A CODE",
];

/** What the menu is run with. */
export interface RunMenuOptions {
  readonly wallet: Wallet;
  readonly input: LineInput;
  readonly network: MeteredNetwork;
  readonly clock: Clock;
  readonly address: PeerAddressRequest;
  readonly typed: TypeCommand;
}

/** Shows the menu until it ends, or a signal ends it, and then prints what was transferred and how long it took. */
export async function runMenu(
  { wallet, input, network, clock, address, typed }: RunMenuOptions,
  { print, isReaderGone, say, onSignal }: ProcessIo,
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
    const questions = new MenuInput(input, { signal: interrupted.signal, say });
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

interface MenuOptions extends MenuTalk {
  readonly wallet: Wallet;
  readonly clock: Clock;
  /** Where peers reach this client, as given on the command line. */
  readonly address: PeerAddressRequest;
}

class Menu {
  readonly #options: MenuOptions;
  #unused: { readonly connection: GreetedConnection; readonly sinceMs: number } | undefined;
  #member: Member | undefined;
  /** The payment that the choice before this one could not deliver. */
  #undelivered: Undelivered | undefined;

  constructor(options: MenuOptions) {
    this.#options = options;
  }

  /**
   * Shows the menu until EXIT, the end of the input, or a signal.
   *
   * @throws {MicropayError} when there is no connection at first: the server cannot be reached, is not to be trusted, or a
   * signal came
   */
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

  async #perform(choice: string, undelivered: Undelivered | undefined): Promise<void> {
    switch (choice) {
      case "1":
        return await this.#register({ withCode: false });
      case "2":
        return await this.#logIn();
      case "3":
        return await this.#payments()?.list();
      case "4":
        this.#undelivered = await this.#payments()?.pay({ withMemo: false });
        return;
      case "6":
        return await this.#payments()?.history();
      case "7":
        return await this.#payments()?.refund();
      case "8":
        this.#undelivered = await this.#payments()?.pay({ withMemo: true });
        return;
      case "9":
        return await this.#register({ withCode: true });
    }
    // The menu itself asks whether the server should deliver: a script's next choice still counts as one.
    if (undelivered && /^y(es)?$/i.test(choice)) {
      return await this.#payments()?.deliver(undelivered);
    }
    this.#options.say(`"${printable(choice)}" is not a choice: type a number from 1 to 9`);
  }

  /** The choices about money. Without a login it says so, and returns nothing. */
  #payments(): MenuPayments | undefined {
    const { print, say } = this.#options;
    if (this.#member) return new MenuPayments(this.#member, this.#options);
    print(codes[240].text);
    say("2 LOGIN does that, with an account that 1 REGISTER made");
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
      return refuseInMenu(
        outcome,
        { kind: "register", account, hasCode: withCode },
        this.#options,
      );
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
        onPayment: (payment) => notifyInMenu(payment, member, this.#options),
        onFault: (error) => this.#sayError(error),
      });
      const outcome = await input.unlessInterrupted(going, attempt);
      if (outcome.outcome === "refused") {
        refuseInMenu(outcome, { kind: "log_in", name }, this.#options);
        return await member.abandon();
      }
    } catch (error) {
      await member.abandon();
      throw error;
    }
    this.#member = member;
    this.#watch(member);
    say(`Online as ${name}, taking payments on port ${member.peerPort}`);
    await this.#payments()?.list();
  }

  async #settle(member: Member): Promise<void> {
    const { input, say } = this.#options;
    for await (const settled of member.settle()) {
      // It is not waited for any more.
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

  #sayError(error: unknown): void {
    const { say, typed } = this.#options;
    // People type it in another terminal, where the account has to be named.
    const whole = (words: string) => typed(words, this.#member?.context.name);
    say(`micropay: ${printable(errorText(error, whole))}`);
  }

  /** Tells at once when the server is gone, not only at the next question. */
  #watch(member: Member): void {
    member.context.link.closed.then(async (reason) => {
      if (this.#member !== member) return;
      this.#member = undefined;
      this.#options.say(`micropay: ${printable(reason.message)}; log in again with 2 LOGIN`);
      await member.abandon();
    });
  }

  /** A connection that is still unused: the one from before if it is fresh, or a new one. */
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
