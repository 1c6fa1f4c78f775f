/**
 * Runs the full-screen client without its picture: keys and the network change a state, which a
 * view shows.
 */
import type { AccountName } from "../../../account_name.ts";
import {
  type ConnectionEnd,
  type ConnectionEvent,
  LastingMember,
} from "../../../client/lasting_member.ts";
import type { Member } from "../../../client/member.ts";
import type { IncomingPayment } from "../../../client/payment/incoming_payments.ts";
import type { OrderOutcome } from "../../../client/payment/order_outcome.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { Settled } from "../../../client/payment/settlement.ts";
import type { SelfAudit } from "../../../client/self_audit.ts";
import type { Wallet } from "../../../client/wallet.ts";
import type { CancelTimer, Clock } from "../../../clock.ts";
import {
  ClosedError,
  InterruptedError,
  MicropayError,
  NotAuthenticatedError,
  TimeoutError,
  UnknownOutcomeError,
  UsageError,
} from "../../../errors.ts";
import { peersPeriodMs, peersPeriodMsPerMember, shownMessagesMax } from "../../../limits.ts";
import { codes, isPayeeAway } from "../../../protocol/code.ts";
import type { PayUri } from "../../../protocol/micropay_uri.ts";
import { type Refusal, refuse } from "../../../protocol/request_type.ts";
import { makeOrderId, type Random } from "../../../random.ts";
import { errorLine } from "../../error_fields.ts";
import { type NextSteps, registeredText } from "../advice.ts";
import { selfAuditOf } from "../audit_alarm.ts";
import type { AddressedRequest } from "../choose_ledger.ts";
import type { TypeCommand } from "../command_typer.ts";
import { printConnectionEnd } from "../connection_report.ts";
import { resolveRefunded } from "../find_payment.ts";
import { messageText, type WalletDialogue } from "../open_wallet.ts";
import { type ClientOutput, textOutput, wishText } from "../output.ts";
import { printOutcome, printRefusal } from "../print_outcome.ts";
import { onlineOptions, type PeerAddressRequest } from "../receive_command.ts";
import { readRequestUri, requestUri } from "../request_command.ts";
import { settlementText } from "../settlement_text.ts";
import { UnusedConnection } from "../unused_connection.ts";
import { ActivityReader } from "./activity_reader.ts";
import { detailsLines } from "./details.ts";
import type { Key } from "./key.ts";
import { applyEvent, canAsk, type ScreenEvent } from "./screen_events.ts";
import { type CompletedNames, type FormAction, openForm } from "./screen_forms.ts";
import { pressKey, type ScreenCommand } from "./screen_keys.ts";
import {
  type Activity,
  emptyScreen,
  type Form,
  type Notice,
  type Overlay,
  type ScreenState,
} from "./screen_state.ts";

const screenSteps: NextSteps = {
  list: "the pane of peers",
  history: "the activity",
  withCode: "press n and give it",
  viaServer: "the server can deliver it anyway",
  limit: "in another terminal with limit",
};

export interface ScreenDriverOptions {
  /** The servers' addresses, such as `127.0.0.1:8888`. */
  readonly server: string;
  /** Opens a wallet that asks and tells the person on this screen. */
  readonly openWallet: (dialogue: WalletDialogue) => Promise<Wallet>;
  /** Where the server is, and where peers reach this client, as given on the command line. */
  readonly address: PeerAddressRequest & Pick<AddressedRequest, "servers">;
  readonly typed: TypeCommand;
  /** The account that was named on the command line. */
  readonly as?: AccountName | undefined;
  /** Whether the encrypted messages are shown from the start. */
  readonly verbose: boolean;
  /** Returns members whom the wallet knows from payments of an account. */
  readonly knownPeers: (ledger: string, account: AccountName) => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly random: Random;
}

/** A question that waits until it can be shown without hiding what a person types. */
interface Question {
  readonly overlay: Overlay;
  /** @param answer a text for a form, and `undefined` when the person closes it */
  readonly answer: (answer: boolean | string | undefined) => void;
}

/** The member who is logged in. */
interface Session {
  readonly lasting: LastingMember;
  readonly selfAudit: SelfAudit;
}

/** How a form's action ended. `asked`: it failed, and a question about it is asked. */
type ActionEnd = "done" | "failed" | "asked";

export class ScreenDriver {
  readonly #options: ScreenDriverOptions;
  readonly #activity: ActivityReader;
  readonly #listeners = new Set<() => void>();
  /** Resolves when the person leaves, and rejects when the program has a fault. */
  readonly #left = Promise.withResolvers<void>();
  readonly #questions: Question[] = [];
  /** The question on the screen. */
  #asked: Question | undefined;
  #state: ScreenState;
  #messages: string[] = [];
  #wallet: Wallet | undefined;
  #unused: UnusedConnection | undefined;
  #session: Session | undefined;
  #isLoggingIn = false;
  /** The member whose login is under way. */
  #starting: LastingMember | undefined;
  /** Payments and refunds under way. */
  readonly #paying = new Set<Promise<void>>();
  #names: CompletedNames = { accounts: [], peers: [] };
  #knownPeers: readonly string[] = [];
  #cancelPoll: CancelTimer | undefined;
  #isLeaving = false;
  #isClosed = false;

  constructor(options: ScreenDriverOptions) {
    this.#options = options;
    this.#state = emptyScreen(options.server);
    if (options.verbose) this.#state = { ...this.#state, messages: [] };
    this.#activity = new ActivityReader({
      member: () => this.#session?.lasting.member,
      keepsPlace: () => this.#state.chosen.activity > 0,
      onChange: () => this.#showActivity(),
      onBalance: (balance) => this.#happen({ kind: "balance", balance }),
      onRefusal: (refusal) => this.#tellRefusal(refusal),
      onError: (error) => this.#tellError(error),
    });
  }

  get state(): ScreenState {
    return this.#state;
  }

  /**
   * Calls the listener after each change of the state.
   *
   * @returns stops that
   */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes keys that the person pressed. */
  press(keys: readonly Key[]): void {
    for (let at = 0; at < keys.length;) {
      const texts = this.#state.overlay?.kind === "form" ? textsFrom(keys, at) : [];
      this.#press(texts.length > 1 ? { name: "text", text: texts.join("") } : keys[at]!);
      at += Math.max(1, texts.length);
    }
  }

  #press(key: Key): void {
    const { state, command } = pressKey(this.#state, key, this.#names);
    this.#show(state);
    if (command) this.#perform(command);
    this.#ask();
  }

  /** Ends as if the person had left. */
  close(): void {
    this.#left.resolve();
  }

  /**
   * Connects, logs in with the only account, and serves the person until that one leaves.
   *
   * @returns lines to print when the screen is gone
   * @throws {MicropayError} when the first connection fails: the server cannot be reached or is not
   * trusted
   */
  async run(): Promise<readonly string[]> {
    try {
      await Promise.race([this.#begin(), this.#left.promise]);
      await this.#left.promise;
      return await this.#exit();
    } catch (error) {
      await this.#session?.lasting.abandon();
      throw error;
    } finally {
      this.#cancelPoll?.();
      this.#unused?.close();
      await this.#starting?.abandon();
    }
  }

  async #begin(): Promise<void> {
    const { as, clock, openWallet } = this.#options;
    const wallet = await openWallet({
      onKnown: (text) => this.#tell("news", [text]),
      onWaiting: (place) => this.#connection({ state: "waiting", place }),
      observe: (...message) => this.#keepMessage(messageText(...message)),
      confirm: (lines) => this.#confirm(lines),
      askPassphrase: (account) => this.#askPassphrase(account),
    });
    if (this.#isClosed) return;
    this.#wallet = wallet;
    this.#unused = new UnusedConnection(() => wallet.connect(), clock);
    const { anchor: { fingerprint } } = await this.#unused.get();
    if (this.#isClosed) return;
    this.#happen({ kind: "ledger", ledger: fingerprint });
    this.#connection({ state: "connected" });
    const accounts = await wallet.accounts(fingerprint);
    this.#names = { ...this.#names, accounts };
    const name = as ?? await onlyAccount(wallet, fingerprint);
    if (name !== undefined) {
      const form = openForm("login", { prefilled: { Name: name }, names: this.#names });
      return this.#submit({ ...form, busy: true }, { kind: "login", name });
    }
    const form = openForm(accounts.length === 0 ? "register" : "login", { names: this.#names });
    if (canAsk(this.#state)) this.#happen({ kind: "overlay", overlay: { kind: "form", form } });
  }

  #perform(command: ScreenCommand): void {
    switch (command.kind) {
      case "leave":
        return this.#leave();
      case "submit":
        return this.#submit(command.form, command.action);
      case "answer":
        return this.#answer(command.isYes);
      case "cancel":
        return command.form === "passphrase" ? this.#answer(undefined) : undefined;
      case "read":
        return void this.#activity.move(command.page);
      case "show details":
        return void this.#showDetails(command.activity).catch((error) => this.#tellError(error));
      case "toggle messages": {
        const messages = this.#state.messages ? undefined : this.#messages;
        return this.#happen({ kind: "messages", messages });
      }
    }
  }

  /** A payment under way is waited for, because its payer has to hear its outcome. */
  #leave(): void {
    if (this.#isLeaving || this.#paying.size === 0) return this.#left.resolve();
    this.#isLeaving = true;
    this.#tell("news", [
      "a payment is under way, and its outcome is waited for; leave again to go at once",
    ]);
    Promise.allSettled(this.#paying).then(() => this.#left.resolve());
  }

  /** Runs a form's action, and says how it ended. */
  #submit(form: Form, action: FormAction): void {
    if (action.kind === "passphrase") {
      this.#happen({ kind: "submitted", form, isDone: true });
      return this.#answer(action.passphrase);
    }
    const lines: string[] = [];
    const output = this.#outputTo(lines);
    const done = this.#act(action, output).catch((error): ActionEnd => {
      if (!(error instanceof MicropayError)) throw error;
      output.printFailure(error);
      return "failed";
    }).then((end) => {
      this.#happen({ kind: "submitted", form, isDone: end !== "failed" });
      if (lines.length > 0) this.#tell(end === "done" ? "done" : "failed", lines);
      this.#ask();
    }).catch((error) => this.#left.reject(error))
      .finally(() => this.#paying.delete(done));
    if (action.kind === "pay" || action.kind === "refund") this.#paying.add(done);
  }

  async #act(action: FormAction, output: ClientOutput): Promise<ActionEnd> {
    switch (action.kind) {
      case "register":
        return await this.#register(action, output);
      case "login":
        return await this.#logIn(action.name, output);
      case "pay":
        return await this.#pay(action.terms, output);
      case "request":
        return await this.#request(action, output);
      case "pay request":
        return await this.#payRequest(action.uri, output);
      case "refund":
        return await this.#refund(action, output);
      default:
        return "done";
    }
  }

  async #register(
    { account, typed, code }: FormAction & { readonly kind: "register" },
    output: ClientOutput,
  ): Promise<ActionEnd> {
    this.#requireNobody(`register ${account}`);
    const hasCode = code !== undefined;
    const connection = await this.#unused!.get();
    this.#unused!.release();
    const outcome = await this.#wallet!.register(connection, account, { code });
    if (outcome.outcome === "refused") {
      printRefusal(outcome, { kind: "register", account, hasCode }, printingTo(output));
      return "failed";
    }
    const advice = registeredText(outcome.answer, { typed, hasCode, next: "the login" });
    output.printRegistration(outcome.answer, advice);
    this.#names = { ...this.#names, accounts: [...new Set([...this.#names.accounts, account])] };
    return await this.#logIn(account, output);
  }

  async #logIn(name: AccountName, output: ClientOutput): Promise<ActionEnd> {
    this.#requireNobody(`log in as ${name}`);
    this.#isLoggingIn = true;
    try {
      return await this.#goOnline(name, output);
    } finally {
      this.#isLoggingIn = false;
      if (!this.#session) this.#connection({ state: "connected" });
    }
  }

  async #goOnline(name: AccountName, output: ClientOutput): Promise<ActionEnd> {
    const wallet = this.#wallet!;
    const member = await this.#openMember(name, output);
    if (!member) return "failed";
    const lasting = new LastingMember(member, (options) => wallet.reconnect(member, options));
    const selfAudit = this.#selfAuditOf(lasting);
    this.#starting = lasting;
    try {
      for await (const settled of member.settle()) this.#takeSettled(settled);
      await selfAudit.runSoon();
      const outcome = await lasting.goOnline({
        ...onlineOptions(this.#options.address),
        onPayment: (payment) => this.#receive(payment),
        onFault: (error) => this.#tellError(error),
        onEvent: (event) => this.#follow(event),
      });
      if (outcome.outcome === "refused") {
        printRefusal(outcome, { kind: "log_in", name }, printingTo(output));
        await lasting.abandon();
        return "failed";
      }
    } catch (error) {
      await lasting.abandon();
      throw error;
    } finally {
      this.#starting = undefined;
    }
    if (this.#isClosed) {
      await lasting.abandon();
      return "failed";
    }
    this.#session = { lasting, selfAudit };
    this.#happen({ kind: "account", account: name });
    lasting.ended.then((end) => this.#end(lasting, end)).catch((error) => this.#tellError(error));
    this.#tell("news", [`Online as ${name}, taking payments on port ${lasting.member.peerPort}`]);
    // The window may hold rows of the account that was logged in before.
    this.#activity.move("newest");
    this.#poll();
    this.#readKnownPeers(name).catch((error) => this.#tellError(error));
    return "done";
  }

  async #openMember(name: AccountName, output: ClientOutput): Promise<Member | undefined> {
    const connection = await this.#unused!.get();
    try {
      const member = await this.#wallet!.member(connection, name);
      this.#unused!.release();
      return member;
    } catch (error) {
      if (!(error instanceof NotAuthenticatedError)) throw error;
      // The server would say the same about an account that is not this user's.
      output.printRefusal({ outcome: "refused", code: 220, text: codes[220].text });
      output.printFailure(error);
      return undefined;
    }
  }

  #selfAuditOf(member: LastingMember): SelfAudit {
    const lines: string[] = [];
    return selfAuditOf(member, {
      wallet: this.#wallet!,
      output: this.#outputTo(lines),
      interject: (print) => {
        print();
        const title = "An audit of the ledger";
        this.#enqueue({ kind: "details", title, lines: lines.splice(0) }, () => {});
      },
    });
  }

  #follow(event: ConnectionEvent): void {
    switch (event.kind) {
      case "lost":
      case "retrying":
        return this.#connection({ state: "reconnecting", reason: event.reason.message });
      case "connecting":
        return this.#connection({ state: "reconnecting" });
      case "waiting":
        return this.#connection({ state: "waiting", place: event.place });
      case "settled":
        return this.#takeSettled(event.settled);
      case "online":
        this.#connection({ state: "connected" });
        this.#activity.refresh();
        this.#poll();
    }
  }

  /** The member will not be online again, but a person can log in anew. */
  async #end(lasting: LastingMember, end: ConnectionEnd): Promise<void> {
    if (this.#session?.lasting !== lasting) return;
    this.#session = undefined;
    const lines: string[] = [];
    const { name } = lasting.context;
    printConnectionEnd(end, { ...printingTo(this.#outputTo(lines)), name });
    lines.push("press l to log in again");
    this.#happen({ kind: "account", account: undefined });
    this.#happen({ kind: "peers", peers: [] });
    this.#connection({ state: "ended", reason: lines[0]! });
    this.#tell("failed", lines);
    await lasting.abandon();
  }

  /** Asks who is online, and for the balance, now and from then on periodically. */
  async #poll(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#cancelPoll?.();
    const { lasting } = session;
    try {
      if (lasting.isOnline) await this.#askServer(lasting.member);
    } catch (error) {
      // The connection says itself that it is lost.
      if (!(error instanceof ClosedError || error instanceof TimeoutError)) this.#tellError(error);
    }
    if (this.#session !== session || this.#isClosed) return;
    this.#cancelPoll?.();
    const periodMs = Math.max(peersPeriodMs, this.#state.peers.length * peersPeriodMsPerMember);
    this.#cancelPoll = this.#options.clock.schedule(periodMs, () => void this.#poll());
  }

  async #askServer(member: Member): Promise<void> {
    const outcome = await member.list({ poll: true });
    if (outcome.outcome === "refused") return this.#tellRefusal(outcome);
    const { balance, online } = outcome.answer;
    const peers = online.map(({ name }) => name).filter((name) => name !== member.context.name);
    this.#happen({ kind: "peers", peers });
    this.#names = { ...this.#names, peers: [...new Set([...peers, ...this.#knownPeers])].sort() };
    this.#happen({ kind: "balance", balance });
    // A read under way may bring the balance that the server has just told.
    await this.#activity.read;
    // Another terminal may have paid.
    if (balance !== this.#activity.balance) this.#activity.refresh();
    if (!this.#activity.log.hasInDoubt || this.#paying.size > 0) return;
    for await (const settled of member.settle()) this.#takeSettled(settled);
  }

  async #readKnownPeers(name: AccountName): Promise<void> {
    this.#knownPeers = await this.#options.knownPeers(this.#state.ledger, name);
    const peers = [...new Set([...this.#names.peers, ...this.#knownPeers])].sort();
    this.#names = { ...this.#names, peers };
  }

  #receive(payment: IncomingPayment): void {
    const lines: string[] = [];
    this.#outputTo(lines).printReceived(payment);
    this.#tell("news", lines);
    this.#activity.log.keepWay(payment.receipt.payload.id, payment.way);
    this.#activity.refresh();
    this.#session?.selfAudit.run();
  }

  async #pay(terms: PaymentTerms, output: ClientOutput): Promise<ActionEnd> {
    const { lasting: { member }, selfAudit } = this.#requireSession();
    const { clock, random, typed } = this.#options;
    const { payee: other, amount, memo } = terms;
    const { name, link } = member.context;
    const id = terms.id ?? makeOrderId(clock, random);
    const row = { id, other, amount, memo, atMs: this.#laterMs(link.nowMs()) };
    const paying = member.pay({ ...terms, id, isUnbooked: terms.id === undefined });
    const outcome = await this.#showUntilDone(row, paying);
    await printOutcome(outcome, { kind: "pay", name, payee: other, amount }, {
      ...printingTo(output),
      member,
      askWith: typed("status", name),
      isReaderGone: () => false,
    });
    selfAudit.run();
    if (outcome.outcome === "paid") return "done";
    if (terms.viaServer || !isPayeeAway(outcome.code)) return "failed";
    const lines = [outcome.text, `Pay ${amount} to ${other} through the server?`];
    this.#enqueue({ kind: "question", lines }, (isYes) => {
      if (isYes !== true) return;
      this.#activity.log.forget(id);
      const form = openForm("pay", { names: this.#names });
      this.#submit(form, { kind: "pay", terms: { ...terms, viaServer: true } });
    });
    return "asked";
  }

  async #request(
    { amount, memo, payer, lifetimeMs }: FormAction & { readonly kind: "request" },
    output: ClientOutput,
  ): Promise<ActionEnd> {
    const { lasting: { member } } = this.#requireSession();
    const { anchor, name } = member.context;
    if (payer === name) {
      printRefusal(refuse(280), { kind: "ask", name }, printingTo(output));
      return "failed";
    }
    const made = await member.request({ amount, memo, payer, lifetimeMs });
    const lines = [
      requestUri(made, { ...this.#options.address, anchor }),
      `${wishText(made)}, id ${made.id}`,
      "Send the whole line. The payer presses u and pastes it, or types client pay 'LINE'.",
    ];
    this.#enqueue({ kind: "details", title: "Payment request", lines }, () => {});
    return "done";
  }

  /** Shows who asks for what, and asks whether to pay it. */
  async #payRequest(uri: PayUri, output: ClientOutput): Promise<ActionEnd> {
    const { lasting: { member } } = this.#requireSession();
    const { name } = member.context;
    const read = await readRequestUri(uri, member);
    if (read.outcome === "refused") {
      printRefusal(read, { kind: "ask", name }, printingTo(output));
      return "failed";
    }
    const { request, isOver, lines } = read.answer;
    const { id, payload: { payee, amount, memo } } = request;
    const terms = { id, payee, amount, memo, request };
    // It cannot be paid, and the outcome says why.
    if (isOver || payee === name) return await this.#pay(terms, output);
    const question = [...lines, `Pay ${amount} to ${payee}?`];
    this.#enqueue({ kind: "question", lines: question }, (isYes) => {
      const form = openForm("pay", { names: this.#names });
      if (isYes === true) this.#submit(form, { kind: "pay", terms });
    });
    return "asked";
  }

  async #refund(
    { payment, amount }: FormAction & { readonly kind: "refund" },
    output: ClientOutput,
  ): Promise<ActionEnd> {
    const { lasting: { member }, selfAudit } = this.#requireSession();
    const { name, link } = member.context;
    const found = await resolveRefunded(payment, member);
    const refunded = found.outcome === "refused"
      ? undefined
      : this.#state.activity.rows.find(({ id }) => id === found.answer.id);
    const refunding = found.outcome === "refused"
      ? Promise.resolve(found)
      : member.refund({ id: found.answer.id, amount }, {
        onSettled: (settled) => this.#takeSettled(settled),
      });
    const outcome = await (refunded
      ? this.#showUntilDone({
        id: `refund of ${refunded.id}`,
        other: refunded.other,
        amount: amount ?? refunded.amount,
        memo: undefined,
        atMs: this.#laterMs(link.nowMs()),
      }, refunding)
      : refunding);
    await printOutcome(outcome, { kind: "refund", name, payment, amount }, {
      ...printingTo(output),
      member,
      askWith: this.#options.typed("status", name),
      isReaderGone: () => false,
    });
    selfAudit.run();
    if (outcome.outcome === "refused") return "failed";
    this.#activity.refresh();
    return "done";
  }

  /** Shows a payment as waiting until its outcome is known, and then as what became of it. */
  async #showUntilDone(
    row: Omit<Activity, "state">,
    paying: Promise<OrderOutcome>,
  ): Promise<OrderOutcome> {
    this.#showRow({ ...row, state: "waiting" });
    try {
      const outcome = await paying;
      if (outcome.outcome === "refused") {
        this.#showRow({ ...row, state: "failed", reason: outcome.text });
        return outcome;
      }
      const { receipt: { payload: { id, entry, at } }, way } = outcome;
      this.#activity.log.keepWay(id, way);
      this.#activity.log.forget(row.id);
      this.#showRow({ ...row, id, state: "paid", entry, way, atMs: Date.parse(at) });
      this.#activity.refresh();
      return outcome;
    } catch (error) {
      const isInDoubt = error instanceof UnknownOutcomeError;
      this.#activity.log.forget(row.id);
      this.#showRow({
        ...row,
        ...(isInDoubt && { id: error.orderId }),
        state: isInDoubt ? "in doubt" : "failed",
        reason: errorLine(error),
      });
      throw error;
    }
  }

  /** Takes what became of a payment that was in doubt. */
  #takeSettled(settled: Settled): void {
    const { payload: { id, payee: other, amount, memo, iat } } = settled.order;
    const reason = settlementText(settled);
    const isOpen = settled.outcome === "open" || settled.outcome === "unknown";
    const wasOpen = this.#state.activity.rows.some((row) =>
      row.id === id && row.state === "in doubt"
    );
    const row = { id, other, amount, memo, atMs: iat * 1000 };
    if (settled.outcome === "done") {
      const { entry, at } = settled.paid.receipt.payload;
      this.#showRow({ ...row, state: "paid", entry, atMs: Date.parse(at) });
      this.#activity.refresh();
    } else this.#showRow({ ...row, state: isOpen ? "in doubt" : "failed", reason });
    if (!isOpen || !wasOpen) this.#tell("news", [reason]);
  }

  /** Returns the server's time, or the moment after the newest entry: its clock tells seconds. */
  #laterMs(nowMs: number): number {
    return Math.max(nowMs, 1 + (this.#activity.log.newestAtMs ?? 0));
  }

  #showRow(row: Activity): void {
    this.#activity.log.show(row);
    this.#showActivity();
  }

  #showActivity(): void {
    this.#happen({ kind: "activity", activity: this.#activity.log.window() });
  }

  async #showDetails(activity: Activity): Promise<void> {
    const context = this.#session?.lasting.context;
    const kept = await context?.receipts.find({ id: activity.id }) ?? [];
    const lines = detailsLines(activity, {
      receiptsFile: kept.length > 0 ? context?.receiptsFile : undefined,
      typed: (words) => this.#options.typed(words, context?.name),
    });
    const title = activity.entry === undefined ? "Payment" : `Entry ${activity.entry}`;
    if (this.#state.overlay) return;
    this.#happen({ kind: "overlay", overlay: { kind: "details", title, lines } });
  }

  #confirm(lines: readonly string[]): Promise<boolean> {
    return new Promise((resolve) => {
      this.#enqueue({ kind: "question", lines }, (answer) => resolve(answer === true));
    });
  }

  #askPassphrase(account: AccountName): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { fields: [field], ...form } = openForm("passphrase", { names: this.#names });
    const label = `Passphrase of the key of ${account}`;
    this.#enqueue({ kind: "form", form: { ...form, fields: [{ ...field!, label }] } }, (answer) => {
      if (typeof answer === "string") return resolve(answer);
      reject(
        new InterruptedError(`ask for the passphrase of the key of ${account}: it was closed`),
      );
    });
    return promise;
  }

  #enqueue(overlay: Overlay, answer: Question["answer"]): void {
    this.#questions.push({ overlay, answer });
    this.#ask();
  }

  /** Shows the next question, as soon as the person types nothing and no question is open. */
  #ask(): void {
    if (!this.#state.overlay) this.#asked = undefined;
    if (this.#asked || !canAsk(this.#state)) return;
    this.#asked = this.#questions.shift();
    if (this.#asked) this.#happen({ kind: "overlay", overlay: this.#asked.overlay });
  }

  #answer(answer: boolean | string | undefined): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.answer(answer);
  }

  #requireNobody(attempt: string): void {
    const name = this.#session?.lasting.context.name;
    if (name !== undefined) throw new UsageError(`${attempt}: you are logged in as ${name}`);
    if (this.#isLoggingIn) throw new UsageError(`${attempt}: another login is under way`);
  }

  #requireSession(): Session {
    if (this.#session) return this.#session;
    throw new NotAuthenticatedError(`${codes[240].text}: press l to log in, or n to register`);
  }

  async #exit(): Promise<string[]> {
    this.#isClosed = true;
    const lines: string[] = [];
    const session = this.#session;
    this.#session = undefined;
    try {
      await session?.selfAudit.runSoon();
      await session?.lasting.exit();
      lines.push(codes[120].text);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      this.#outputTo(lines).printFailure(error);
      await session?.lasting.abandon();
    }
    return lines;
  }

  /** Returns an output whose lines become a notice. */
  #outputTo(lines: string[]): ClientOutput {
    const print = (line: string) => void lines.push(line);
    const typed: TypeCommand = (words) =>
      this.#options.typed(words, this.#session?.lasting.context.name);
    return textOutput({ print, printError: print, typed });
  }

  #tell(kind: Notice["kind"], lines: readonly string[]): void {
    this.#happen({ kind: "notice", notice: { kind, text: lines.join("; ") } });
  }

  #tellError(error: unknown): void {
    if (!(error instanceof MicropayError)) return this.#left.reject(error);
    this.#tell("failed", [errorLine(error, this.#options.typed)]);
  }

  #tellRefusal(refusal: Refusal): void {
    const lines: string[] = [];
    const name = this.#session?.lasting.context.name;
    const output = this.#outputTo(lines);
    if (name === undefined) output.printRefusal(refusal);
    else printRefusal(refusal, { kind: "ask", name }, printingTo(output));
    this.#tell("failed", lines);
  }

  #keepMessage(text: string): void {
    this.#messages = [...this.#messages.slice(1 - shownMessagesMax), text];
    if (this.#state.messages) this.#happen({ kind: "messages", messages: this.#messages });
  }

  #connection(connection: ScreenState["connection"]): void {
    this.#happen({ kind: "connection", connection });
  }

  #happen(event: ScreenEvent): void {
    this.#show(applyEvent(this.#state, event));
  }

  #show(state: ScreenState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Returns the texts of the keys from an index on, up to a key that is no text. A form takes them at
 * once: a terminal may send a long paste as if it was typed, and each edit takes time.
 */
function textsFrom(keys: readonly Key[], index: number): string[] {
  const texts: string[] = [];
  for (let at = index; at < keys.length; at++) {
    const key = keys[at]!;
    if (key.name !== "text") break;
    texts.push(key.text);
  }
  return texts;
}

function printingTo(output: ClientOutput) {
  return { output, steps: screenSteps };
}

/** @returns the account to log in with; `undefined` when the person has to choose or register */
async function onlyAccount(wallet: Wallet, ledger: string): Promise<AccountName | undefined> {
  try {
    return await wallet.onlyAccount(ledger);
  } catch (error) {
    if (error instanceof NotAuthenticatedError || error instanceof UsageError) return undefined;
    throw error;
  }
}
