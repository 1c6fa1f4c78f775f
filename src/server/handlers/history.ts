/** HISTORY: returns the asker's entries with their orders and receipts, newest first. */
import { historyTurnEntriesMax } from "../../limits.ts";
import type { AccountName } from "../../account_name.ts";
import type { Entry } from "../../ledger/entry.ts";
import type { HistoryQuery } from "../../ledger/ledger.ts";
import type { CertificateChain } from "../../pki/signed_document.ts";
import { yieldToEventLoop } from "../../yield_to_event_loop.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import {
  type HistoryPage,
  historyRequestType,
  type PackedHistoryRow,
  packHistoryRow,
} from "../../protocol/history.ts";
import { requireOrderText } from "../../protocol/order.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { encodeFingerprint } from "../../protocol/shapes.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import { PageRoom } from "./page.ts";

export const historyRoute = memberRoute({
  requestType: historyRequestType,
  notation: () => "History",
  async handle({ limit, before, after }, { name, server, session }) {
    if (before !== undefined && after !== undefined) {
      return refuse(410, "a history is asked for before an entry or after one, not both");
    }
    const from = {
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    };
    const page = new HistoryPageWriter({ name, server, query: { limit, ...from } });
    while (await session.read(() => page.addRows()));
    return answerWith(page.answer);
  },
});

/** Writes a page of an account's history, a few rows at a time. */
class HistoryPageWriter {
  readonly #name: AccountName;
  readonly #server: ServerContext;
  /** What the page still lacks. */
  #query: HistoryQuery;
  readonly #room = new PageRoom();
  /** The certificates of the orders by fingerprint, in the order of their references. */
  readonly #chains = new Map<string, CertificateChain>();
  readonly #certificates: string[] = [];
  readonly #rows: PackedHistoryRow[] = [];
  #balance: number | undefined;
  #more = false;

  constructor({ name, server, query }: {
    readonly name: AccountName;
    readonly server: ServerContext;
    readonly query: HistoryQuery;
  }) {
    this.#name = name;
    this.#server = server;
    this.#query = query;
  }

  get answer(): HistoryPage {
    return {
      ...(this.#balance !== undefined && { balance: this.#balance }),
      certificates: this.#certificates,
      entries: this.#rows,
      more: this.#more,
    };
  }

  /** Adds the next rows. Returns whether the page can have further ones. */
  async addRows(): Promise<boolean> {
    const { limit, after } = this.#query;
    const count = Math.min(limit, historyTurnEntriesMax);
    // One more than the rows, to know whether there are more.
    const query = { ...this.#query, limit: count + 1 };
    const entries = await this.#server.ledger.history(this.#name, query);
    this.#more = entries.length > count;
    for (const entry of entries.slice(0, count)) {
      if (this.#add(entry)) continue;
      this.#more = true;
      return false;
    }
    // Signing the receipts takes 0.5 ms of the only thread.
    await yieldToEventLoop();
    const last = entries[count - 1]?.number;
    if (!this.#more || last === undefined || limit === count) return false;
    this.#query = {
      limit: limit - count,
      ...(after === undefined ? { before: last } : { after: last }),
    };
    return true;
  }

  /** Adds a row, if the page has room for it. */
  #add(entry: Entry): boolean {
    const { fingerprint, der } = entry.certificate;
    const isNew = !this.#chains.has(fingerprint);
    const chain = this.#chains.get(fingerprint) ?? [der];
    this.#chains.set(fingerprint, chain);
    // It throws when somebody changed the stored entry.
    requireOrderText(entry, { ledgerId: this.#server.anchor.fingerprint, chain });
    const row = packHistoryRow(entry, {
      certificate: [...this.#chains.keys()].indexOf(fingerprint),
      receiptSignature: signReceipt(entry, this.#server).signature,
    });
    const reference = encodeFingerprint(fingerprint);
    if (!this.#room.take(isNew ? [row, reference] : [row])) return false;
    if (isNew) this.#certificates.push(reference);
    const { payer, payerBalance, payeeBalance } = entry;
    this.#balance ??= payer === this.#name ? payerBalance : payeeBalance;
    this.#rows.push(row);
    return true;
  }
}
