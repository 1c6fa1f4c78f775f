/**
 * A member that is connected to its server: everything that it can ask or do.
 */
import type { ExportSelection, ExportWriter } from "../books/books_export.ts";
import { ProtocolError, UsageError } from "../errors.ts";
import { balanceRequestType } from "../protocol/balance.ts";
import { answerWith, check, type Outcome, type Refusal } from "../protocol/request_type.ts";
import { exitRequestType } from "../protocol/exit.ts";
import type { HistoryRequest, HistoryRow } from "../protocol/history.ts";
import { listRequestType, type OnlineMember } from "../protocol/list.ts";
import { loginRequestType } from "../protocol/login.ts";
import { paymentsShape, paymentType } from "../protocol/transfer.ts";
import { pageRowsMax } from "../limits.ts";
import type { Endpoint, Listener } from "../transport/byte_stream.ts";
import { JoinedListener } from "../transport/joined_listener.ts";
import { HistoryReader } from "./history_reader.ts";
import type { ConnectedMember, MemberContext } from "./member_context.ts";
import {
  acceptLedger,
  type AuditOptions,
  auditOwnEntries,
  type MemberAudit,
} from "./ledger_audit.ts";
import {
  type IncomingListener,
  type IncomingPayment,
  type IncomingPayments,
  storeReceived,
} from "./payment/incoming_payments.ts";
import { exportOwnBooks } from "./own_books.ts";
import { OrderDelivery } from "./payment/order_delivery.ts";
import { askEntry, askStatus, type OrderOutcome } from "./payment/order_outcome.ts";
import { pay, payAll, type PaymentTerms, type PayOptions } from "./payment/payment.ts";
import {
  type ListedRequest,
  listRequests,
  makeRequest,
  readRequest,
} from "./payment/payment_requests.ts";
import type { PaymentRequestTerms, SignedPaymentRequest } from "../protocol/payment_request.ts";
import { refund, type RefundOptions, type RefundTerms } from "./payment/refund.ts";
import { type Settled, settleOutbox } from "./payment/settlement.ts";
import { PeerCheckpoints } from "./peer_checkpoints.ts";
import { PeerListener } from "./peer_listener.ts";
import { RelayedConnections } from "./relayed_connections.ts";
import { checkReceipt } from "./receipt_check.ts";
import { type ProvenReceipt, proveReceipt } from "./receipt_proving.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

export interface SystemInformation {
  readonly balance: number;
  readonly online: readonly OnlineMember[];
}

export interface OnlineOptions extends IncomingListener {
  /** Where to listen for peers, or what listens already. Port 0 takes any free one. */
  readonly listen: Endpoint | Listener;
  /**
   * The address to tell peers, instead of the one that the server sees and the port listened on.
   */
  readonly advertise?: { readonly host: string; readonly port?: number | undefined } | undefined;
}

export class Member {
  readonly context: MemberContext;
  readonly #delivery: OrderDelivery;
  readonly #history: HistoryReader;
  #peers: PeerListener | undefined;

  constructor(member: ConnectedMember) {
    this.context = {
      ...member,
      peerCheckpoints: new PeerCheckpoints(member),
      relayed: new RelayedConnections(member),
    };
    this.#delivery = new OrderDelivery(this.context);
    this.#history = new HistoryReader(this.context);
  }

  /** The port on which it takes payments; `undefined` while offline. */
  get peerPort(): number | undefined {
    return this.#peers?.endpoint.port;
  }

  balance(): Promise<Outcome<{ balance: number }>> {
    return this.context.link.ask(balanceRequestType, {});
  }

  async list({ poll = false } = {}): Promise<Outcome<SystemInformation>> {
    const online: OnlineMember[] = [];
    for (;;) {
      const after = online.at(-1)?.name;
      const page = await this.context.link.ask(
        listRequestType,
        { ...(after !== undefined && { after }), ...(poll && { poll: true as const }) },
      );
      if (page.outcome === "refused") return page;
      online.push(...page.answer.online);
      requireProgress(page.answer, page.answer.online);
      if (!page.answer.more) return answerWith({ balance: page.answer.balance, online });
    }
  }

  status(id: string): Promise<OrderOutcome> {
    return askStatus(id, this.context);
  }

  pay(terms: PaymentTerms, options?: PayOptions): Promise<OrderOutcome> {
    return pay(terms, this.#delivery, options);
  }

  payAll(
    terms: readonly PaymentTerms[],
    options?: PayOptions,
  ): Promise<PromiseSettledResult<OrderOutcome>[]> {
    return payAll(terms, this.#delivery, options);
  }

  /** Makes a payment request, as {@link makeRequest}. */
  request(terms: PaymentRequestTerms): Promise<SignedPaymentRequest> {
    return makeRequest(terms, this.context);
  }

  /** Lists the own payment requests, as {@link listRequests}. */
  requests(): Promise<ListedRequest[]> {
    return listRequests(this.context);
  }

  /** Reads a payment request of somebody, as {@link readRequest}. */
  readRequest(packed: string): Promise<Outcome<SignedPaymentRequest>> {
    return readRequest(packed, this.context);
  }

  refund(terms: RefundTerms, options?: RefundOptions): Promise<OrderOutcome> {
    return refund(terms, this.#delivery, options);
  }

  settle(
    options?: { readonly except?: ReadonlySet<string> | undefined },
  ): AsyncGenerator<Settled> {
    return settleOutbox(this.#delivery, options);
  }

  audit(options?: AuditOptions): Promise<MemberAudit | Refusal> {
    return auditOwnEntries(this.context, options);
  }

  /** Accepts a ledger that did not only grow, as {@link acceptLedger}. */
  accept(audit: MemberAudit): Promise<void> {
    return acceptLedger(audit, this.context);
  }

  prove(receipt: StoredReceipt): Promise<ProvenReceipt | MemberAudit | Refusal> {
    return proveReceipt(receipt, this.context);
  }

  /**
   * Payments that came after an entry, oldest first. Each was verified, and its receipt is kept.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a row does not prove what
   * it says
   */
  async *received({ since }: { since: number }): AsyncGenerator<Outcome<IncomingPayment>> {
    for await (const page of this.#pagesAfter(since)) {
      if (page.outcome === "refused") return yield page;
      for (const row of page.answer.entries) {
        if (row.payee === this.context.name) {
          yield answerWith(await storeReceived(row, this.context));
        }
      }
    }
  }

  /** Streams an export of the own entries, as {@link exportOwnBooks}. */
  exportBooks(
    selection: Pick<ExportSelection, "from" | "to">,
    writer: ExportWriter,
  ): AsyncGenerator<Outcome<readonly string[]>> {
    return exportOwnBooks(this.#pagesAfter(0), selection, { writer, member: this.context });
  }

  /** The own entries after an entry, oldest first, in pages. */
  async *#pagesAfter(
    since: number,
  ): AsyncGenerator<Outcome<{ entries: readonly HistoryRow[] }>> {
    for (let after = since;;) {
      const page = await this.#history.read({ limit: pageRowsMax, after });
      yield page;
      if (page.outcome === "refused" || !page.answer.more) return;
      requireProgress(page.answer, page.answer.entries);
      after = page.answer.entries.at(-1)!.entry;
    }
  }

  entry(number: number): Promise<OrderOutcome> {
    return askEntry(number, this.#history, this.context);
  }

  /**
   * The own entries, newest first. They come in pages, so that a long history takes little memory.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a row does not prove what
   * it says
   */
  async *history(
    { limit, before }: { limit: number; before?: number | undefined },
  ): AsyncGenerator<Outcome<{ entries: readonly HistoryRow[] }>> {
    let cursor = before;
    for (let rest = limit; rest > 0;) {
      const page = await this.page({
        limit: Math.min(rest, pageRowsMax),
        ...(cursor !== undefined && { before: cursor }),
      });
      yield page;
      if (page.outcome === "refused" || !page.answer.more) return;
      requireProgress(page.answer, page.answer.entries);
      rest -= page.answer.entries.length;
      cursor = page.answer.entries.at(-1)?.entry;
    }
  }

  /**
   * Returns one page of the own entries, in the order that was asked for.
   *
   * @throws as {@link history}
   */
  async page(
    request: HistoryRequest,
  ): Promise<Outcome<{ entries: readonly HistoryRow[]; more: boolean }>> {
    const page = await this.#history.read(request);
    if (page.outcome === "refused") return page;
    for (const { receipt, order } of page.answer.entries) {
      checkReceipt(receipt, order, this.context);
    }
    return page;
  }

  /**
   * Listens for peers and logs in. From now on others see this member and can pay it.
   *
   * @throws {ListenError} when it cannot listen there
   */
  async goOnline(options: OnlineOptions): Promise<Outcome<OnlineMember>> {
    const { forbidsRelay, link, name, network, relayed } = this.context;
    if (this.#peers) throw new UsageError(`log in as ${name}: it is online from here already`);
    const { listen } = options;
    const listener = "accept" in listen ? listen : network.listen(listen);
    const joined = forbidsRelay
      ? listener
      : new JoinedListener([listener, relayed.listen(listener.endpoint)]);
    const peers = new PeerListener(joined, this.context, options);
    // Before the login, so that no push right after it is missed.
    const stopTaking = this.#takePushed(peers.incoming);
    const { host, port } = options.advertise ?? {};
    // Another server would not know that this member is online here.
    link.stay();
    try {
      const outcome = await link.ask(loginRequestType, {
        name,
        port: port ?? peers.endpoint.port,
        ...(host !== undefined && { host }),
        ...(!forbidsRelay && { relay: true as const }),
      });
      if (outcome.outcome === "refused") {
        stopTaking();
        await peers.close();
        return outcome;
      }
      this.#peers = peers;
      return answerWith({ name, ...outcome.answer });
    } catch (error) {
      stopTaking();
      await peers.close();
      throw error;
    }
  }

  /** Takes the payments that their payers submitted, as the server pushes them. */
  #takePushed(incoming: IncomingPayments): () => void {
    return this.context.link.listen(paymentType, (body) => {
      try {
        // All at once, so that their receipts share a commit.
        for (const pushed of check(paymentsShape, body, "read payments").payments) {
          incoming.takePushed(pushed).catch((error) => incoming.fault(error));
        }
      } catch (error) {
        incoming.fault(error);
      }
    });
  }

  /** Refuses further orders of peers, and waits for those that the server decides just now. */
  async stopTaking(): Promise<void> {
    await this.#peers?.close();
    this.#peers = undefined;
  }

  /** Stops taking payments, says goodbye to the server, and ends the connection. */
  async exit(): Promise<Outcome<object>> {
    await this.#closePeers();
    const outcome = await this.context.link.ask(exitRequestType, {});
    await this.context.link.end();
    return outcome;
  }

  /** Closes all connections without a word. */
  async abandon(): Promise<void> {
    this.context.link.close();
    await this.#closePeers();
  }

  async #closePeers(): Promise<void> {
    this.#delivery.peers.close();
    await this.stopTaking();
  }
}

/**
 * Checks that a page holds rows when more pages follow. Its reader would ask for it again for ever.
 *
 * @throws {ProtocolError} when it holds none
 */
function requireProgress(
  { more }: { readonly more: boolean },
  rows: readonly unknown[],
): void {
  if (more && rows.length === 0) {
    throw new ProtocolError("read a page: it is empty, with more to come");
  }
}
