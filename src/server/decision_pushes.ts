/**
 * Pushes of decisions about orders, to those sides of an order that are connected here. The ledger
 * tells the decisions of all servers. The submitter's side gets the reply to its request instead.
 */
import type { AccountName } from "../account_name.ts";
import type { Booking, Entry } from "../ledger/entry.ts";
import type { Decision, Voiding } from "../ledger/ledger.ts";
import { ordersPerSubmitMax } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type Code, codes, isCode } from "../protocol/code.ts";
import { requireOrderText } from "../protocol/order.ts";
import { type PackedReceipt, packReceipt, signReceipt } from "../protocol/receipt.ts";
import { type BookedOrder, paymentType, type Result, resultType } from "../protocol/transfer.ts";
import type { JsonObject } from "../strict_json.ts";
import type { FairQueue } from "./fair_queue.ts";
import { pagesOf } from "./handlers/page.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import { type Push, sealPushes, type Session } from "./session/session.ts";

/** The request that had the ledger decide. */
export interface Asker {
  /** The member that gets the reply. */
  readonly name: AccountName;
  /** Pushes a message in this member's turns. */
  push(push: Push): void;
}

export interface DecisionPushesOptions {
  readonly sessions: MemberSessions;
  readonly queue: FairQueue;
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  /** Called when an entry of the ledger cannot be trusted. */
  readonly onFailure: (error: unknown) => void;
}

/** What one side of an order is told. */
interface News {
  readonly to: AccountName;
  /** Who pays for sealing: the request here, or the order's other side. */
  readonly by: Asker | AccountName;
  readonly result?: Result;
  readonly payment?: BookedOrder;
}

export class DecisionPushes {
  readonly #options: DecisionPushesOptions;
  readonly #askers = new WeakMap<Booking | Voiding, Asker>();
  /** The receipts of entries that were booked just now: a reply and a push have the same one. */
  readonly #receipts = new WeakMap<Entry, PackedReceipt>();

  constructor(options: DecisionPushesOptions) {
    this.#options = options;
  }

  /** Notes who asks for a decision. Returns what to pass to the ledger. */
  by<Cause extends Booking | Voiding>(asker: Asker, cause: Cause): Cause {
    this.#askers.set(cause, asker);
    return cause;
  }

  /** Returns the packed receipt of an entry. */
  receiptOf(entry: Entry): PackedReceipt {
    const known = this.#receipts.get(entry);
    if (known) return known;
    const receipt = packReceipt(signReceipt(entry, this.#options));
    this.#receipts.set(entry, receipt);
    return receipt;
  }

  /**
   * Pushes decisions in their order. Turns of the asking member pay for it. For a decision of
   * another server, turns of the order's other side do, wherever that member is connected.
   *
   * @returns resolves when the pushes of other servers' decisions are sealed
   */
  async tell(decisions: readonly Decision[]): Promise<void> {
    try {
      const news = decisions.flatMap((decision) => this.#newsOf(decision));
      const sealing: Promise<void>[] = [];
      for (const [by, some] of Map.groupBy(news, (one) => one.by)) {
        const pushed = this.#messagesOf(some);
        if (typeof by !== "string") pushed.forEach((push) => by.push(push));
        else sealing.push(this.#push(pushed, by));
      }
      await Promise.all(sealing);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #newsOf(decision: Decision): News[] {
    const asker = decision.cause && this.#askers.get(decision.cause);
    const isTold = (name: AccountName) =>
      name !== asker?.name && this.#options.sessions.of(name).length > 0;
    if ("voided" in decision) {
      const { digest, payer, code } = decision.voided;
      if (!isTold(payer)) return [];
      return [{ to: payer, by: asker ?? payer, result: resultOf(digest, codeOf(code)) }];
    }
    const { entry } = decision;
    // Openings, deposits and withdrawals are not told, so both sides are members.
    const { payer, payee } = entry as typeof entry & Record<"payer" | "payee", AccountName>;
    const news: News[] = [];
    if (isTold(payer)) {
      const result = { ...resultOf(entry.orderDigest, 130), receipt: this.receiptOf(entry) };
      news.push({ to: payer, by: asker ?? payee, result });
    }
    if (isTold(payee)) {
      const order = requireOrderText(entry, { ledgerId: this.#options.anchor.fingerprint });
      const payment = { order, receipt: this.receiptOf(entry) };
      news.push({ to: payee, by: asker ?? payer, payment });
    }
    return news;
  }

  /** Returns the fewest messages that tell all news. */
  #messagesOf(news: readonly News[]): Push[] {
    return [...Map.groupBy(news, ({ to }) => to)].flatMap(([to, own]) => {
      const sessions = this.#options.sessions.recipientsOf(to);
      const results = own.flatMap(({ result }) => result ?? []);
      const payments = own.flatMap(({ payment }) => payment ?? []);
      const pages = { rowsMax: ordersPerSubmitMax };
      const messages: { type: string; body: JsonObject }[] = [
        ...pagesOf(results, pages).map((page) => ({ type: resultType, body: { results: page } })),
        ...pagesOf(payments, pages).map((page) => ({
          type: paymentType,
          body: { payments: page },
        })),
      ];
      return messages.flatMap((message) => sessions.map((session) => ({ session, ...message })));
    });
  }

  #push(pushes: readonly Push[], by: AccountName): Promise<void> {
    const sessions: Session[] = [];
    for (const push of pushes) {
      push.session.enqueue(push);
      sessions.push(push.session);
    }
    return sealPushes(sessions, this.#options.queue.share(`member ${by}`));
  }
}

function resultOf(digest: string, code: Code): Result {
  return { order: digest, code, text: codes[code].text };
}

/** Returns the code of a void order. A later version may have written an unknown one. */
export function codeOf(code: number): Code {
  return isCode(code) ? code : 260;
}
