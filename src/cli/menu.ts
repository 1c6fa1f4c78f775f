/**
 * The numbered menu of the course project, line by line: for a terminal, or driven by a pipe.
 */
import type { AccountName } from "../account_name.ts";
import type { Member } from "../client/member.ts";
import type { IncomingPayment } from "../client/incoming_payments.ts";
import type { Wallet } from "../client/wallet.ts";
import type { Clock } from "../clock.ts";
import {
  messageOf,
  MicropayError,
  NotAuthenticatedError,
  OutputError,
  UnprintedPaymentError,
} from "../errors.ts";
import { firstMessageTimeoutMs } from "../limits.ts";
import { printable } from "../printable.ts";
import { codes } from "../protocol/code.ts";
import type { Refusal } from "../protocol/exchange.ts";
import { endpointText } from "../transport/byte_stream.ts";
import type { Greeted } from "../transport/connect_channel.ts";
import { notification, refusalText, unprintedText } from "./client_output.ts";
import { settlementText } from "./client_settlement.ts";
import { type ExitCode, exitCodes } from "./exit_code.ts";
import { InputEnded, MenuInput } from "./menu_input.ts";
import { onlineOptions, type PeerAddressRequest } from "./online_options.ts";
import { printPayment } from "./print_payment.ts";

const choices = "1 REGISTER   2 LOGIN   3 LIST   4 TRANSACTION   5 EXIT";

/** A connection nobody spoke on is used within half the time that the server waits for the first message. */
const unusedConnectionMsMax = firstMessageTimeoutMs / 2;

export interface MenuOptions {
  readonly wallet: Wallet;
  readonly input: MenuInput;
  readonly clock: Clock;
  /** Where peers reach this client, as given on the command line. */
  readonly address: PeerAddressRequest;
  /** Results. */
  readonly print: (line: string) => void;
  readonly isReaderGone: () => boolean;
  /** Everything else. */
  readonly say: (line: string) => void;
}

export class Menu {
  readonly #options: MenuOptions;
  #unused: { readonly connection: Greeted; readonly sinceMs: number } | undefined;
  #member: Member | undefined;

  constructor(options: MenuOptions) {
    this.#options = options;
  }

  /**
   * Shows the menu until EXIT, the end of the input, or a signal.
   *
   * @throws {MicropayError} when the server cannot be reached at first, or is not to be trusted
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
    say(choices);
    const choice = await input.ask("Your choice");
    try {
      switch (choice) {
        case "1":
          await this.#register();
          return true;
        case "2":
          await this.#logIn();
          return true;
        case "3":
          await this.#list();
          return true;
        case "4":
          await this.#transfer();
          return true;
        case "5":
          return false;
        default:
          say(`"${printable(choice)}" is not a choice: type a number from 1 to 5`);
          return true;
      }
    } catch (error) {
      if (error instanceof InputEnded || !(error instanceof MicropayError)) throw error;
      // Whoever drives it would take what it does from here on for not done.
      if (error instanceof OutputError || error instanceof UnprintedPaymentError) throw error;
      say(`micropay: ${printable(messageOf(error))}`);
      return true;
    }
  }

  async #register(): Promise<void> {
    const { input, print, say, wallet } = this.#options;
    if (this.#member) return say(`You are logged in as ${this.#member.context.name}; exit first`);
    const name = await input.askName("Name");
    const connection = await this.#connection();
    this.#unused = undefined;
    const outcome = await wallet.register(connection, name);
    if (outcome.outcome === "refused") this.#refuse(outcome);
    else print(`100 ${codes[100].text}`);
  }

  async #logIn(): Promise<void> {
    const { address, input, say } = this.#options;
    if (this.#member) return say(`You are logged in as ${this.#member.context.name} already`);
    const name = await input.askName("Name");
    const port = await input.askPort("Port for payments, 0 for any", address.port);
    const member = await this.#openMember(name);
    if (!member) return;
    try {
      for await (const settled of member.settle()) say(settlementText(settled));
      const outcome = await member.goOnline({
        ...onlineOptions({ ...address, port }),
        onPayment: (payment) => this.#notify(payment, member),
        onFault: (error) => say(`micropay: ${printable(messageOf(error))}`),
      });
      if (outcome.outcome === "refused") {
        this.#refuse(outcome);
        return await member.abandon();
      }
    } catch (error) {
      await member.abandon();
      throw error;
    }
    this.#member = member;
    this.#watch(member);
    say(`Online as ${name}, taking payments on port ${member.peerPort}`);
    await this.#list();
  }

  async #openMember(name: AccountName): Promise<Member | undefined> {
    const { print, say, wallet } = this.#options;
    const connection = await this.#connection();
    try {
      const member = await wallet.member(connection, name);
      this.#unused = undefined;
      return member;
    } catch (error) {
      if (!(error instanceof NotAuthenticatedError)) throw error;
      // What the server would say to somebody with another's name, said before anything is sent.
      print(`220 ${codes[220].text}`);
      say(`micropay: ${printable(messageOf(error))}`);
      return undefined;
    }
  }

  async #list(): Promise<void> {
    const { print } = this.#options;
    if (!this.#member) return print(codes[240].text);
    const outcome = await this.#member.list();
    if (outcome.outcome === "refused") return this.#refuse(outcome);
    const { balance, online } = outcome.answer;
    print(`Account balance: ${balance}`);
    print(`Number online: ${online.length}`);
    for (const { name, ip, port } of online) print(`${name}#${printable(ip)}#${port}`);
  }

  async #transfer(): Promise<void> {
    const { input, print } = this.#options;
    if (!this.#member) return print(codes[240].text);
    const to = await input.askName("Payee");
    const amount = await input.askAmount("Amount");
    const outcome = await this.#member.pay({ to, amount });
    if (outcome.outcome === "refused") return this.#refuse(outcome);
    const { id, entry } = outcome.receipt;
    printPayment({ id, entry, askWith: "status" }, () => {
      print(codes[130].text);
      print(`entry ${entry}, id ${id}`);
    }, this.#options);
  }

  /** Never throws: the payment is booked, and its payer is to be told so. */
  #notify(payment: IncomingPayment, { context: { receipts } }: Member): void {
    const { print, isReaderGone, say } = this.#options;
    const file = receipts.file(payment.receipt.id);
    try {
      print(notification(payment));
      if (isReaderGone()) say(unprintedText(payment, { file }));
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      say(unprintedText(payment, { file }));
    }
  }

  #refuse(refusal: Refusal): void {
    this.#options.print(refusalText(refusal));
  }

  /** Says so as soon as the server is gone, not only at the next question. */
  #watch(member: Member): void {
    member.context.link.closed.then(async (reason) => {
      if (this.#member !== member) return;
      this.#member = undefined;
      this.#options.say(`micropay: ${printable(reason.message)}; you are logged out`);
      await member.abandon();
    });
  }

  /** A connection that nothing was said on yet. */
  async #connection(): Promise<Greeted> {
    const { clock, wallet } = this.#options;
    const unused = this.#unused;
    if (unused && clock.monotonicMs() - unused.sinceMs < unusedConnectionMsMax) {
      return unused.connection;
    }
    unused?.connection.close();
    this.#unused = undefined;
    const connection = await wallet.connect();
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
      this.#options.say(`micropay: ${printable(messageOf(error))}`);
      await member?.abandon();
    }
  }
}
