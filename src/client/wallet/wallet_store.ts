/**
 * What a wallet keeps beside its keys and certificates: pins, receipts, orders whose outcome is
 * open, and limits on what is paid.
 *
 * Several processes may use one store at a time. Each method that changes something is one
 * transaction, and its promise resolves when that transaction is on the disk. Changes that are
 * asked for in one turn of the event loop may share a commit.
 */
import type { AccountName } from "../../account_name.ts";
import type { SignedOrder } from "../../protocol/order.ts";
import type { SignedPaymentRequest } from "../../protocol/payment_request.ts";
import type { SignedReceipt } from "../../protocol/receipt.ts";
import type { ExceededLimit, LimitChange, PaymentLimits } from "./payment_limits.ts";

/**
 * Every method throws `FileError`, which names the file, when the file cannot be read or written.
 */
export interface WalletStore {
  /** The file that everything is in, for messages. */
  readonly file: string;
  /**
   * @returns the ledger that is pinned for a server address (`host:port`): 64 hexadecimal digits
   */
  pinOf(server: string): Promise<string | undefined>;
  /**
   * Pins a ledger for a server address.
   *
   * @param options `replace`: also when another ledger is pinned for this address
   * @returns the ledger that is pinned now
   */
  pin(
    server: string,
    ledger: string,
    options: { readonly replace: boolean },
  ): Promise<string>;
  /** @returns the server addresses that a ledger is pinned for, ordered */
  serversOf(ledger: string): Promise<string[]>;
  account(ledger: string, name: AccountName): AccountStore;
  /** Closes the file. The next call of another method opens it again. */
  close(): void;
}

export interface AccountStore {
  readonly outbox: Outbox;
  readonly receipts: Receipts;
  readonly audits: Audits;
  readonly limits: Limits;
  readonly requests: MadeRequests;
}

/** The record of an order whose outcome is open. Its text is not verified again. */
export interface StoredOrder {
  /** The compact JWS as it was, or may have been, sent. */
  readonly text: string;
  /**
   * The part of an order's state that outlives a process. A `recorded` order may have been sent. A
   * `refused` order was refused by the server. It stays until it expires, because its payee may
   * have it.
   */
  readonly state: "recorded" | "refused";
}

/**
 * The open orders of one account. An order is recorded before it is sent, and removed when its
 * outcome is known. So the next start finds it, whatever happens in between.
 */
export interface Outbox {
  /**
   * Records an order, unless it exceeds a limit. It must be on the disk before the order is sent
   * anywhere. The limits are checked in the same transaction. So they hold when several processes
   * pay at the same moment.
   *
   * @param options `replaces`: a void order under the same id, whose record is removed;
   * `ignoresLimits`: the order was made before, so no limit can stop it any more
   * @returns what is recorded under the id now. This is another order when that one was recorded
   * first. Or the limit that the order exceeds; then nothing is changed
   */
  add(
    order: SignedOrder,
    options?: {
      readonly replaces?: SignedOrder | undefined;
      readonly ignoresLimits?: boolean;
    },
  ): Promise<StoredOrder | ExceededLimit>;
  /** Sets the state `refused`. Does nothing when there is no record of this order. */
  markRefused(order: SignedOrder): Promise<void>;
  /** Removes a void order. Does nothing when there is no record of this order. */
  remove(order: SignedOrder): Promise<void>;
  get(id: string): Promise<StoredOrder | undefined>;
  /** @returns the ids of all records, oldest first */
  ids(): Promise<string[]>;
}

/** A receipt with its order, as `micropay verify` reads them. */
export interface StoredReceipt {
  readonly id: string;
  /** Compact JWS by the server. */
  readonly receipt: string;
  /** Compact JWS by the payer. */
  readonly order: string;
}

/** How a person names a payment: by its number in the ledger, or by its id. */
export type PaymentReference = { readonly entry: number } | { readonly id: string };

export interface Receipts {
  has(id: string): Promise<boolean>;
  count(): Promise<number>;
  /**
   * Adds a receipt and removes its order from the outbox, in one transaction. A receipt that is
   * there already stays. Should a later one differ, the first one proves that the ledger was
   * rewritten.
   *
   * @returns whether there was none before. One of several processes that add it at once is told so
   */
  add(receipt: SignedReceipt, order: SignedOrder): Promise<boolean>;
  /** @returns the receipts of one payment. Two for one entry mean that the ledger was rewritten */
  find(payment: PaymentReference): Promise<StoredReceipt[]>;
  /** @returns all receipts, ordered by id */
  all(): AsyncIterable<StoredReceipt>;
  /** @returns all receipts but those that the member gave up, ordered by id */
  auditable(): AsyncIterable<StoredReceipt>;
  /** @returns the receipts that no good audit has checked, ordered by id */
  unaudited(): AsyncIterable<StoredReceipt>;
}

/** The payment requests that a member made. */
export interface MadeRequests {
  add(request: SignedPaymentRequest): Promise<void>;
  /**
   * Returns the texts of at most {@link requestsListedMax} requests, each kind with the newest
   * first: those that have not ended and have no receipt here, then the others.
   */
  listed(now: { readonly nowMs: number }): Promise<string[]>;
}

/** How far a member followed the ledger, and the head there. */
export interface AuditedHead {
  readonly entry: number;
  /** 64 hexadecimal digits. */
  readonly head: string;
  /** The checkpoint that the server signed about it. It is not verified again. */
  readonly checkpoint: string;
  /** The certificate of the server that signed it: DER in base64. */
  readonly certificate: string;
}

/** The result of the last good audit. */
export interface LastAudit extends AuditedHead {
  /**
   * When the server signed the checkpoint that the member accepted last: seconds since the epoch.
   * Absent when it accepted none.
   */
  readonly acceptedAt?: number | undefined;
}

export interface Audits {
  last(): Promise<LastAudit | undefined>;
  /**
   * Keeps the later of two heads, and marks receipts as audited, in one transaction. Two processes
   * that audit at the same time follow one ledger.
   *
   * @param receipts their ids
   */
  keep(head: AuditedHead, receipts: readonly string[]): Promise<void>;
  /**
   * Keeps a head in place of the last one, also when it is shorter, and gives up receipts that its
   * ledger does not prove. They stay, and no audit looks for them any more. All others count as
   * unaudited, because earlier audits found them in another ledger.
   *
   * @param options.acceptedAt when the server signed its checkpoint: seconds since the epoch
   * @param options.givenUp the receipts' ids
   */
  accept(
    head: AuditedHead,
    options: { readonly acceptedAt: number; readonly givenUp: readonly string[] },
  ): Promise<void>;
}

/** The limits of an account, and what counts towards that of a day. */
export interface PaymentAllowance {
  readonly limits: PaymentLimits;
  /**
   * What was booked as a payment or refund of this account in the 24 hours before, and what open
   * orders may still book. An order that the server refused counts no more, and money that came
   * back counts as received.
   */
  readonly paid: number;
}

export interface Limits {
  /** @param atMs the end of the 24 hours, in milliseconds since the epoch */
  read(atMs: number): Promise<PaymentAllowance>;
  /**
   * Changes limits.
   *
   * @param options `mayRaise`: also when more can be paid afterwards
   * @returns whether they are changed
   */
  set(change: LimitChange, options: { readonly mayRaise: boolean }): Promise<boolean>;
}
