/**
 * A member's view of its ledger: everything that can be asked or done once the connection is there.
 */
import { UsageError } from "../errors.ts";
import { balanceExchange } from "../protocol/balance.ts";
import { answered, check, type Outcome, type Refusal } from "../protocol/exchange.ts";
import { exitExchange } from "../protocol/exit.ts";
import { historyExchange, type HistoryRow } from "../protocol/history.ts";
import { listExchange, type OnlineMember } from "../protocol/list.ts";
import { loginExchange } from "../protocol/login.ts";
import { paymentsShape, paymentType } from "../protocol/transfer.ts";
import { pageRowsMax } from "../limits.ts";
import type { Endpoint } from "../transport/byte_stream.ts";
import type { MemberContext } from "./member_context.ts";
import { auditLedger, type MemberAudit } from "./ledger_audit.ts";
import {
  type IncomingListener,
  type IncomingPayment,
  type IncomingPayments,
  storeReceived,
} from "./payment/incoming_payments.ts";
import { requireProgress } from "./page_progress.ts";
import { pay, type PaymentTerms, type PayOptions } from "./payment/payment.ts";
import { refund } from "./payment/refund.ts";
import type { RefundOptions, RefundTerms } from "./payment/repeated_refund.ts";
import { type Settled, settleOutbox } from "./payment/settlement.ts";
import { askEntry, askStatus, type Paid } from "./payment/payment_result.ts";
import { PeerListener } from "./peer_listener.ts";

export interface SystemInformation {
  readonly balance: number;
  readonly online: readonly OnlineMember[];
}

export interface OnlineOptions extends IncomingListener {
  /** Where to listen for peers; port 0 for any. */
  readonly listen: Endpoint;
  /** What to tell peers instead of what the server sees and where it listens. */
  readonly advertise?: { readonly host: string; readonly port?: number | undefined } | undefined;
}

export class Member {
  readonly context: MemberContext;
  #peers: PeerListener | undefined;

  constructor(context: MemberContext) {
    this.context = context;
  }

  /** Where peers are listened for; `undefined` while offline. */
  get peerPort(): number | undefined {
    return this.#peers?.endpoint.port;
  }

  balance(): Promise<Outcome<{ balance: number }>> {
    return this.context.link.ask(balanceExchange, {});
  }

  /** All of it, however many pages it takes. */
  async list(): Promise<Outcome<SystemInformation>> {
    const online: OnlineMember[] = [];
    for (;;) {
      const after = online.at(-1)?.name;
      const page = await this.context.link.ask(listExchange, after === undefined ? {} : { after });
      if (page.outcome === "refused") return page;
      online.push(...page.answer.online);
      requireProgress(page.answer, page.answer.online);
      if (!page.answer.more) return answered({ balance: page.answer.balance, online });
    }
  }

  /** What became of an order this member gave or took. */
  status(id: string): Promise<Paid | Refusal> {
    return askStatus(id, this.context);
  }

  pay(terms: PaymentTerms, options?: PayOptions): Promise<Paid | Refusal> {
    return pay(terms, this.context, options);
  }

  /** Gives back a payment that this member took. Settles the outbox, in which the same refund may be. */
  refund(terms: RefundTerms, options?: RefundOptions): Promise<Paid | Refusal> {
    return refund(terms, this.context, options);
  }

  /** Finds out what became of payments that were left in doubt. */
  settle(): AsyncGenerator<Settled> {
    return settleOutbox(this.context);
  }

  /** Checks that the ledger still holds what this member knows of it. */
  audit(): Promise<MemberAudit | Refusal> {
    return auditLedger(this.context);
  }

  /**
   * Money that came after an entry, oldest first, however many pages it takes; each was verified and its receipt is stored.
   *
   * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a row does not prove what it says
   */
  async *received({ since }: { since: number }): AsyncGenerator<Outcome<IncomingPayment>> {
    for (let after = since;;) {
      const page = await this.context.link.ask(historyExchange, { limit: pageRowsMax, after });
      if (page.outcome === "refused") return yield page;
      for (const row of page.answer.entries) {
        if (row.payee === this.context.name) yield answered(await storeReceived(row, this.context));
      }
      if (!page.answer.more) return;
      requireProgress(page.answer, page.answer.entries);
      after = page.answer.entries.at(-1)!.entry;
    }
  }

  /** What this member's entry with this number says. */
  entry(number: number): Promise<Paid | Refusal> {
    return askEntry(number, this.context);
  }

  /** Newest first, page by page, so that a long history is never held whole. */
  async *history(
    { limit, before }: { limit: number; before?: number | undefined },
  ): AsyncGenerator<Outcome<{ entries: readonly HistoryRow[] }>> {
    let cursor = before;
    for (let rest = limit; rest > 0;) {
      const page = await this.context.link.ask(historyExchange, {
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
   * Listens for peers and logs in: from now on others see this member and can pay it.
   *
   * @throws {ListenError} when it cannot listen there
   */
  async goOnline(options: OnlineOptions): Promise<Outcome<OnlineMember>> {
    const { link, name, network } = this.context;
    if (this.#peers) throw new UsageError(`log in as ${name}: it is online from here already`);
    const listener = network.listen(options.listen);
    const peers = new PeerListener(listener, this.context, options);
    // Before the login: what is pushed right after it must not be missed.
    const stopTaking = this.#takePushed(peers.incoming);
    const { host, port } = options.advertise ?? {};
    try {
      const outcome = await link.ask(loginExchange, {
        name,
        port: port ?? peers.endpoint.port,
        ...(host !== undefined && { host }),
      });
      if (outcome.outcome === "refused") {
        stopTaking();
        await peers.close();
        return outcome;
      }
      this.#peers = peers;
      return answered({ name, ...outcome.answer });
    } catch (error) {
      stopTaking();
      await peers.close();
      throw error;
    }
  }

  /** Payments that their payers handed to the server are told by it. */
  #takePushed(incoming: IncomingPayments): () => void {
    return this.context.link.listen(paymentType, async (body) => {
      const take = async (action: () => Promise<void>) => {
        try {
          await action();
        } catch (error) {
          incoming.fault(error);
        }
      };
      await take(async () => {
        const { payments } = check(paymentsShape, body, "read payments");
        for (const payment of payments) await take(() => incoming.takePushed(payment));
      });
    });
  }

  /** Says goodbye: no more payments are taken, and the connection ends. */
  async exit(): Promise<Outcome<object>> {
    await this.#peers?.close();
    this.#peers = undefined;
    const outcome = await this.context.link.ask(exitExchange, {});
    await this.context.link.end();
    return outcome;
  }

  /** Ends without a word, where there is nobody left to say it to. */
  async abandon(): Promise<void> {
    this.context.link.channel.close();
    await this.#peers?.close();
    this.#peers = undefined;
  }
}
