/**
 * The numbered menu of the course project: for a terminal, or driven by a pipe.
 */
import type { AccountName } from "../../../account_name.ts";
import {
  type ConnectionEnd,
  type ConnectionEvent,
  LastingMember,
} from "../../../client/lasting_member.ts";
import type { IncomingPayment } from "../../../client/payment/incoming_payments.ts";
import type { Member } from "../../../client/member.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { OrderOutcome } from "../../../client/payment/order_outcome.ts";
import type { SelfAudit } from "../../../client/self_audit.ts";
import type { Wallet } from "../../../client/wallet.ts";
import { systemClock } from "../../../clock.ts";
import {
  ClosedError,
  MicropayError,
  NotAuthenticatedError,
  OutputError,
  UnprintedPaymentError,
} from "../../../errors.ts";
import { printable } from "../../../printable.ts";
import { codes, isPayeeAway } from "../../../protocol/code.ts";
import { type Refusal, refuse } from "../../../protocol/request_type.ts";
import { endpointText } from "../../../transport/byte_stream.ts";
import {
  accountName,
  amount as readAmount,
  memo as readMemo,
  oneTimeCode,
  paymentReference,
  typedAccountName,
} from "../../command_line/option_values.ts";
import { valueOf } from "../../command_line/value_rule.ts";
import { errorLine } from "../../error_fields.ts";
import type { ProcessIo } from "../../process_io.ts";
import { type Attempt, type NextSteps, type PaymentAttempt, registeredText } from "../advice.ts";
import { selfAuditOf } from "../audit_alarm.ts";
import type { AddressedRequest } from "../choose_ledger.ts";
import type { TypeCommand } from "../command_typer.ts";
import { ConnectionReport, printConnectionEnd } from "../connection_report.ts";
import { resolveRefunded } from "../find_payment.ts";
import { historyEntriesDefault } from "../options.ts";
import { type ClientOutput, textOutput } from "../output.ts";
import { printOutcome, printRefusal } from "../print_outcome.ts";
import { showReceipt } from "../receipt_command.ts";
import { onlineOptions, type PeerAddressRequest } from "../receive_command.ts";
import { printRequest } from "../request_command.ts";
import { UnusedConnection } from "../unused_connection.ts";
import { askRequest, askRequestUri, confirmRequest } from "./ask_request.ts";
import { choiceLines, choicesCount, helpLines } from "./choices.ts";
import { InputEnded, type MenuInput } from "./menu_input.ts";
import type { MessageSwitch } from "./message_switch.ts";

/** Unlike `--port`, it may begin with zeros. */
const menuPort = valueOf("a port is a whole number from 0 to 65535", (text) => {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
});

export const menuSteps: NextSteps = {
  list: "3 LIST",
  history: "6 HISTORY",
  withCode: "choose 9 REGISTER WITH A CODE",
  viaServer: "choose y, and the server delivers it anyway",
  limit: "in another terminal with limit",
};

type MenuIo = Pick<ProcessIo, "environment" | "isReaderGone" | "outputSize" | "print" | "say">;

export interface MenuOptions extends MenuIo {
  readonly wallet: Wallet;
  readonly input: MenuInput;
  /** Where the server is, and where peers reach this client, as given on the command line. */
  readonly address:
    & PeerAddressRequest
    & Pick<AddressedRequest, "json" | "servers">;
  readonly messages: MessageSwitch;
  /** Returns members whom the wallet knows from payments of an account. */
  readonly knownPeers: (ledger: string, account: AccountName) => Promise<readonly string[]>;
  readonly typed: TypeCommand;
}

/**
 * Whether a result could not be printed. Nothing may be printed in its place: a script that misses
 * a result would believe that nothing was done.
 */
export function isUnprinted(error: unknown): boolean {
  return error instanceof OutputError || error instanceof UnprintedPaymentError;
}

/** The member who is logged in. */
interface Session {
  readonly lasting: LastingMember;
  readonly selfAudit: SelfAudit;
}

export class Menu {
  readonly #options: MenuOptions;
  readonly #output: ClientOutput;
  readonly #unused: UnusedConnection;
  /** The fingerprint of the server's CA. */
  #ledger = "";
  #session: Session | undefined;
  /** Rejects when the program has a fault that no choice of the person meets. */
  readonly #failed = Promise.withResolvers<never>();
  /** The payment that the last choice could not deliver, because its payee is away. */
  #undelivered: PaymentTerms | undefined;
  /** The other members to whom Tab completes a name. */
  readonly #peers = new Set<string>();

  constructor(options: MenuOptions) {
    this.#options = options;
    const { input, print, say, wallet } = options;
    const connect = () => input.unlessInterrupted(wallet.connect(), "connect to the server");
    this.#unused = new UnusedConnection(connect, systemClock);
    this.#output = textOutput({ print, printError: say, typed: this.#typed });
  }

  /** People type a command in another terminal, where the account has to be named. */
  readonly #typed: TypeCommand = (words) =>
    this.#options.typed(words, this.#session?.lasting.context.name);

  /**
   * Shows the menu until EXIT, the end of the input, or a signal.
   *
   * @throws {MicropayError} when the first connection fails: the server cannot be reached or is not
   * trusted, or a signal came
   */
  async run(): Promise<void> {
    const { say } = this.#options;
    const { anchor, stream } = await this.#unused.get();
    this.#ledger = anchor.fingerprint;
    say(`Connected to ${endpointText(stream.remote)}, ledger ${anchor.fingerprint}`);
    try {
      while (await Promise.race([this.#step(), this.#failed.promise])) say("");
    } catch (error) {
      if (!(error instanceof InputEnded)) throw error;
    } finally {
      await this.#exit();
    }
  }

  async #step(): Promise<boolean> {
    const { input, say } = this.#options;
    choiceLines.forEach(say);
    const choice = await input.ask("Your choice");
    const undelivered = this.#undelivered;
    this.#undelivered = undefined;
    if (choice === "5") return false;
    try {
      await this.#perform(choice, undelivered);
    } catch (error) {
      if (error instanceof InputEnded || !(error instanceof MicropayError)) throw error;
      if (isUnprinted(error)) throw error;
      this.#output.printFailure(error);
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
        return await this.#asMember(() => this.#pay({ withMemo: false }));
      case "6":
        return await this.#asMember((member) => this.#history(member));
      case "7":
        return await this.#asMember(() => this.#refund());
      case "8":
        return await this.#asMember(() => this.#pay({ withMemo: true }));
      case "9":
        return await this.#register({ withCode: true });
      case "10":
        return await this.#asMember(() => this.#request());
      case "11":
        return await this.#asMember(async (member) => {
          this.#output.printRequests(await member.requests());
        });
      case "12":
        return await this.#asMember(() => this.#payRequest());
      case "13":
        return await this.#asMember((member) => this.#showReceipt(member));
      case "14":
        return this.#toggleMessages();
      case "15":
        return helpLines.forEach(this.#options.say);
    }
    // "y" is an answer at the menu itself, so that a script's next choice still counts as one.
    if (undelivered && /^y(es)?$/i.test(choice)) {
      return await this.#asMember((member) => this.#deliver(member, undelivered));
    }
    const rule = `type a number from 1 to ${choicesCount}`;
    this.#options.say(`"${printable(choice)}" is not a choice: ${rule}`);
  }

  /**
   * Runs an action as the member who is logged in. Without a login it says so instead. Another
   * connection may come while a question is open, so what follows questions asks for the member
   * again.
   *
   * @throws {ClosedError} while the connection is lost
   */
  async #asMember(action: (member: Member) => Promise<unknown>): Promise<void> {
    const lasting = this.#session?.lasting;
    if (lasting?.isOnline) return void await action(lasting.member);
    if (lasting) {
      throw new ClosedError(
        "ask the server: the connection is lost; choose again when the menu is online again",
      );
    }
    this.#options.print(codes[240].text);
    this.#options.say("2 LOGIN does that, with an account that 1 REGISTER made");
  }

  async #register({ withCode }: { readonly withCode: boolean }): Promise<void> {
    const { input, say, wallet } = this.#options;
    const name = this.#session?.lasting.context.name;
    if (name !== undefined) return say(`You are logged in as ${name}; exit first`);
    const { account, typed } = await input.askFor("Name", typedAccountName);
    const code = withCode
      ? await input.askFor("The operator's one-time code", oneTimeCode)
      : undefined;
    const connection = await this.#unused.get();
    this.#unused.release();
    const registering = wallet.register(connection, account, { code });
    const outcome = await input.unlessInterrupted(registering, `register ${account}`);
    if (outcome.outcome === "refused") {
      return this.#printRefusal(outcome, { kind: "register", account, hasCode: withCode });
    }
    const advice = registeredText(outcome.answer, { typed, hasCode: withCode, next: "2 LOGIN" });
    this.#output.printRegistration(outcome.answer, advice);
  }

  async #logIn(): Promise<void> {
    const { address, input, say, wallet } = this.#options;
    const loggedIn = this.#session?.lasting.context.name;
    if (loggedIn !== undefined) return say(`You are logged in as ${loggedIn} already`);
    const completions = await wallet.accounts(this.#ledger);
    const name = await input.askFor("Name", accountName, { completions });
    const port = await input.askOptional("Port for payments, 0 for any", menuPort) ?? address.port;
    const member = await this.#openMember(name);
    if (!member) return;
    if (!await this.#goOnline(member, { ...address, port })) return;
    await this.#learnPeers(name);
    await this.#list(member);
  }

  /** @returns whether the server let the member log in */
  async #goOnline(member: Member, address: PeerAddressRequest): Promise<boolean> {
    const { input, say, wallet } = this.#options;
    const { name } = member.context;
    const lasting = new LastingMember(member, (options) => wallet.reconnect(member, options));
    const interject = (print: () => void) => input.interject(print);
    const selfAudit = selfAuditOf(lasting, { wallet, output: this.#output, interject });
    const attempt = `log in as ${name}`;
    try {
      await input.unlessInterrupted(this.#settle(member), attempt);
      await input.unlessInterrupted(selfAudit.runSoon(), attempt);
      const going = lasting.goOnline({
        ...onlineOptions(address),
        onPayment: (payment) => {
          interject(() => this.#notify(payment, member));
          selfAudit.run();
        },
        onFault: (error) => interject(() => say(errorLine(error, this.#typed))),
        onEvent: this.#follower(name),
      });
      const outcome = await input.unlessInterrupted(going, attempt);
      if (outcome.outcome === "refused") {
        this.#printRefusal(outcome, { kind: "log_in", name });
        await lasting.abandon();
        return false;
      }
    } catch (error) {
      await lasting.abandon();
      throw error;
    }
    this.#session = { lasting, selfAudit };
    lasting.ended.then((end) => this.#end(lasting, end)).catch(this.#failed.reject);
    return true;
  }

  /** Returns what prints the loss and the return of a connection. */
  #follower(name: AccountName): (event: ConnectionEvent) => void {
    const { input, say } = this.#options;
    const report = new ConnectionReport(this.#output);
    let isNew = true;
    return (event) => {
      if (event.kind === "connecting") return;
      if (!isNew || event.kind !== "online") return input.interject(() => report.tell(event));
      isNew = false;
      say(`Online as ${name}, taking payments on port ${event.port}`);
    };
  }

  /** The member will not be online again, but a person can log in anew. */
  async #end(lasting: LastingMember, end: ConnectionEnd): Promise<void> {
    if (this.#session?.lasting !== lasting) return;
    const { name } = lasting.context;
    this.#session = undefined;
    const printing = { output: this.#output, steps: menuSteps };
    this.#options.input.interject(() => {
      printConnectionEnd(end, { ...printing, name });
      this.#options.say("2 LOGIN connects again");
    });
    await lasting.abandon();
  }

  async #settle(member: Member): Promise<void> {
    for await (const settled of member.settle()) {
      // Nobody waits for it any more.
      if (this.#options.input.isInterrupted) return;
      this.#output.printSettled(settled);
    }
  }

  async #openMember(name: AccountName): Promise<Member | undefined> {
    const { print, wallet } = this.#options;
    const connection = await this.#unused.get();
    try {
      const member = await wallet.member(connection, name);
      this.#unused.release();
      return member;
    } catch (error) {
      if (!(error instanceof NotAuthenticatedError)) throw error;
      // The server would say the same about an account that is not this user's.
      print(`220 ${codes[220].text}`);
      this.#output.printFailure(error);
      return undefined;
    }
  }

  async #list(member: Member): Promise<void> {
    const outcome = await member.list();
    if (outcome.outcome === "refused") return this.#printRefusal(outcome, questionOf(member));
    this.#output.printList(outcome.answer);
    this.#addPeers(outcome.answer.online.map(({ name }) => name));
  }

  async #learnPeers(name: AccountName): Promise<void> {
    this.#peers.clear();
    this.#addPeers(await this.#options.knownPeers(this.#ledger, name));
  }

  #addPeers(names: readonly string[]): void {
    for (const name of names) this.#peers.add(name);
    this.#peers.delete(this.#session?.lasting.context.name ?? "");
  }

  /** Returns the names in the order in which Tab offers them. */
  get #completions(): string[] {
    return [...this.#peers].sort();
  }

  async #pay({ withMemo }: { readonly withMemo: boolean }): Promise<void> {
    const { input } = this.#options;
    const payee = await input.askFor("Payee", accountName, { completions: this.#completions });
    const amount = await input.askFor("Amount", readAmount);
    const memo = withMemo ? await input.askOptional("Memo, empty for none", readMemo) : undefined;
    const terms = { payee, amount, memo };
    await this.#asMember((member) => this.#payOrOffer(member, terms));
  }

  /** Pays directly. When the payee is away, the next choice may be to pay through the server. */
  async #payOrOffer(member: Member, terms: PaymentTerms): Promise<void> {
    const outcome = await this.#deliver(member, terms);
    const isAway = outcome.outcome === "refused" && isPayeeAway(outcome.code);
    this.#undelivered = isAway ? { ...terms, viaServer: true } : undefined;
  }

  async #request(): Promise<void> {
    const terms = await askRequest(this.#options.input, { peers: this.#completions });
    await this.#asMember(async (member) => {
      if (terms.payer === nameOf(member)) {
        return this.#printRefusal(refuse(280), questionOf(member));
      }
      const made = await member.request(terms);
      const { address: request, ...io } = this.#options;
      printRequest(made, member, { ...io, output: this.#output, request });
    });
  }

  async #payRequest(): Promise<void> {
    const { input, say } = this.#options;
    const uri = await askRequestUri(input);
    await this.#asMember(async (asked) => {
      const confirmed = await confirmRequest(uri, asked, input);
      if (confirmed.outcome === "refused") {
        return this.#printRefusal(confirmed, questionOf(asked));
      }
      const terms = confirmed.answer;
      if (!terms) return say("not confirmed, so nothing was paid");
      await this.#asMember((member) => this.#payOrOffer(member, terms));
    });
  }

  async #showReceipt({ context: { name: account, receipts, receiptsFile: file } }: Member) {
    const question = "Payment, its entry or id";
    const payment = await this.#options.input.askFor(question, paymentReference);
    const command = { name: "receipt", payment, proof: false } as const;
    await showReceipt(command, { account, receipts, file }, this.#options);
  }

  #toggleMessages(): void {
    const isOn = this.#options.messages.toggle();
    this.#options.say(isOn ? "Encrypted messages are shown" : "Encrypted messages are hidden");
  }

  async #deliver(member: Member, terms: PaymentTerms): Promise<OrderOutcome> {
    const outcome = await member.pay(terms);
    await this.#printOutcome(member, outcome, { ...terms, kind: "pay", name: nameOf(member) });
    return outcome;
  }

  async #refund(): Promise<void> {
    const { input } = this.#options;
    const payment = await input.askFor("Payment, its entry or id", paymentReference);
    const amount = await input.askOptional("Amount, empty for all that is left", readAmount);
    await this.#asMember(async (member) => {
      const found = await resolveRefunded(payment, member);
      const outcome = found.outcome === "refused"
        ? found
        : await member.refund({ id: found.answer.id, amount }, {
          onSettled: (settled) => this.#output.printSettled(settled),
        });
      const attempt = { kind: "refund", name: nameOf(member), payment, amount } as const;
      await this.#printOutcome(member, outcome, attempt);
    });
  }

  async #history(member: Member): Promise<void> {
    for await (const page of member.history({ limit: historyEntriesDefault })) {
      if (page.outcome === "refused") return this.#printRefusal(page, questionOf(member));
      page.answer.entries.forEach(this.#output.printHistoryRow);
    }
  }

  async #printOutcome(
    member: Member,
    outcome: OrderOutcome,
    attempt: PaymentAttempt,
  ): Promise<void> {
    await printOutcome(outcome, attempt, {
      member,
      output: this.#output,
      steps: menuSteps,
      askWith: this.#options.typed("status", nameOf(member)),
      isReaderGone: this.#options.isReaderGone,
    });
    this.#session?.selfAudit.run();
  }

  #printRefusal(refusal: Refusal, attempt: Attempt): void {
    printRefusal(refusal, attempt, { output: this.#output, steps: menuSteps });
  }

  /** Prints a payment that arrived. Never throws, because the payment is booked already. */
  #notify(payment: IncomingPayment, { context: { receiptsFile: file } }: Member): void {
    try {
      this.#output.printReceived(payment);
      this.#addPeers([payment.receipt.payload.payer]);
      if (this.#options.isReaderGone()) this.#output.printUnprinted(payment, { file });
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#output.printUnprinted(payment, { file });
    }
  }

  async #exit(): Promise<void> {
    this.#unused.close();
    const session = this.#session;
    this.#session = undefined;
    try {
      if (session?.lasting.isOnline) await session.selfAudit.runSoon();
      await session?.lasting.exit();
      this.#options.print(codes[120].text);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      this.#output.printFailure(error);
      await session?.lasting.abandon();
    }
  }
}

function nameOf(member: Member): AccountName {
  return member.context.name;
}

function questionOf(member: Member): Attempt {
  return { kind: "ask", name: nameOf(member) };
}
