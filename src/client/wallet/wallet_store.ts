/**
 * What a wallet keeps beside its keys and certificates: pins, receipts, and orders whose outcome is open.
 *
 * Several processes may use one store at a time. Each method is one transaction: it is done wholly or not at all, and it is on the disk
 * before its promise resolves.
 */
import type { AccountName } from "../../account_name.ts";
import type { Order } from "../../protocol/order.ts";
import type { Receipt } from "../../protocol/receipt.ts";

/** Every method throws `FileError`, which names the file, when the disk does not do what is asked. */
export interface WalletStore {
  /** The file that everything is in, for messages. */
  readonly file: string;
  /** @returns the ledger that is pinned for a server address (`host:port`): 64 hexadecimal digits */
  pinOf(server: string): Promise<string | undefined>;
  /**
   * Pins a ledger for a server address.
   *
   * @param options `replace`: whatever is pinned for this address
   * @returns what is pinned now: another ledger, when one was pinned and is not to be replaced
   */
  pin(
    server: string,
    ledger: string,
    options: { readonly replace: boolean },
  ): Promise<string>;
  /** @returns what is kept of one account on one ledger */
  account(ledger: string, name: AccountName): AccountStore;
  /** Lets go of the file. Harmless the second time; what is asked afterwards opens it again. */
  close(): void;
}

/** What is kept of one account. */
export interface AccountStore {
  readonly outbox: Outbox;
  readonly receipts: Receipts;
  readonly audits: Audits;
}

/** An order in the outbox. */
export interface OutboxItem {
  readonly order: Order;
  /** The compact JWS as it was, or may have been, sent. */
  readonly jws: string;
  /** Whether the server has refused it. It stays until it has expired: its payee could still hand it in. */
  readonly isRefused: boolean;
}

/** Says which order is meant. An id may be used for another order once the first has expired. */
export type OrderReference = Pick<OutboxItem, "jws"> & { readonly id: string };

/**
 * Orders of one account that may be on their way. An order is recorded before it is sent, and removed when its outcome is known.
 * Whatever happens in between (a crash, a cut, a time-out), the next start finds it.
 */
export interface Outbox {
  /**
   * Records an order. To be called, and to have returned, before the order is sent anywhere.
   *
   * @param options `voided` is the compact JWS of an order that can never be booked any more: its record, if there is one under this
   * id, is replaced
   * @returns what is recorded under the id now: another order, when one was there and is not void
   */
  add(
    order: OrderReference,
    options?: { readonly voided?: string | undefined },
  ): Promise<OutboxItem>;
  /** Notes the server's "no". Harmless when the record is gone, or is of another order. */
  markRefused(order: OrderReference): Promise<void>;
  /** Forgets an order that is decided. Harmless when the record is gone, or is of another order. */
  remove(order: OrderReference): Promise<void>;
  /** @throws {FileError} when the record is not as this program writes it */
  get(id: string): Promise<OutboxItem | undefined>;
  /** @returns the ids of all records, the oldest first: ids sort by the time they were made */
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

/** A receipt that was checked, and its order. */
export interface NewReceipt {
  readonly receipt: Receipt;
  readonly receiptJws: string;
  readonly orderJws: string;
  readonly memo?: string | undefined;
}

/** How a person names a payment: by its number in the ledger, or by its id. */
export type PaymentReference = { readonly entry: number } | { readonly id: string };

/** Receipts of one account, for payments that it gave or took. */
export interface Receipts {
  /** @returns whether there is a receipt for this order */
  has(id: string): Promise<boolean>;
  /**
   * Keeps a receipt. What is there already stays: the receipt of an entry says the same whenever it is made, and one that says something
   * else must not take the place of what proves that.
   *
   * @returns whether there was none before; when several bring it at once, one of them is told so
   */
  add(receipt: NewReceipt): Promise<boolean>;
  /** @returns the receipts of one payment. Two receipts for one entry number mean that the ledger was rewritten */
  find(payment: PaymentReference): Promise<StoredReceipt[]>;
  /** All of them, in the order of their ids. */
  all(): AsyncIterable<StoredReceipt>;
}

/** How far a member followed the ledger's chain, and the head there. */
export interface AuditedHead {
  readonly entry: number;
  /** 64 hexadecimal digits. */
  readonly head: string;
}

/** What this account's last good audit found. */
export interface Audits {
  last(): Promise<AuditedHead | undefined>;
  /** Keeps the longer of two chains: when two processes looked at the same time, both saw the one chain. */
  keep(head: AuditedHead): Promise<void>;
}
