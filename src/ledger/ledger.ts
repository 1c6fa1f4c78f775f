/**
 * The ledger as everything above it sees it. Nothing above this interface knows SQL; every implementation passes the
 * contract suite in `tests/ledger/ledger_contract.ts`.
 *
 * Every method is atomic. A promise that resolves after a change means that the change is on stable storage.
 *
 * Every method throws `LedgerFullError` when there is no room, `LedgerBusyError` when the storage is locked or read-only for
 * now (both: nothing was changed, the ledger stays usable), and `LedgerError` when the storage failed: whether the change was
 * made is then unknown, every later call throws the same, and the holder must stop. A call that breaks a method's
 * precondition is a mistake of the program: `TypeError`, and nothing was changed.
 */
import type { AccountName } from "../account_name.ts";
import type { AccountChange, LinkedChange, RecordedChange } from "./account_change.ts";
import type { Booking, Entry } from "./entry.ts";

/** What the ledger keeps of a member's certificate. */
export interface CertificateRecord {
  /** SHA-256 over the certificate's DER, 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** SHA-256 over the DER of its SubjectPublicKeyInfo, 64 hexadecimal digits. */
  readonly keyFingerprint: string;
  readonly der: Uint8Array<ArrayBuffer>;
  readonly issuedAtMs: number;
}

export interface Account {
  readonly name: AccountName;
  readonly balance: number;
  /** The one certificate that may act as this account. Absent while it is revoked, and when the account is closed. */
  readonly certificate?: CertificateRecord;
  /** Closed: nobody logs in to it any more and nothing is booked, the balance stays. */
  readonly isClosed: boolean;
  /** Absent while the account is as it was registered. */
  readonly lastChange?: RecordedChange;
}

export interface Registration {
  readonly name: AccountName;
  readonly certificate: CertificateRecord;
  /**
   * The entry that brings the starting balance, from the issuing account to `name`, with an id never used before; absent
   * when accounts start with nothing.
   */
  readonly opening?: Booking;
  /** For an account whose certificate was revoked. */
  readonly reissue?: {
    /** SHA-256 of the one-time code, 64 hexadecimal digits. */
    readonly codeDigest: string;
    /** Of the kind `reissue`, naming the account and the certificate. */
    readonly change: AccountChange;
  };
  /** How many accounts the ledger may have, the new one included. As many as there come when absent. */
  readonly accountsMax?: number;
}

/** An account that somebody can act as. */
export type RegisteredAccount = Account & { readonly certificate: CertificateRecord };

export type RegisterOutcome =
  | { readonly outcome: "registered"; readonly account: RegisteredAccount }
  /** The same name with the same key was registered before: here is its certificate again, nothing was booked. */
  | { readonly outcome: "repeated"; readonly account: RegisteredAccount }
  /** The account was there without a certificate, and the code was right: it has this one now, nothing was booked. */
  | { readonly outcome: "reissued"; readonly account: RegisteredAccount }
  /**
   * The name belongs to another key, its one-time code is another, or the account is closed. Also where the account had the
   * key before, code or not: whoever found or stole it must not be let in again. Also where the account is gone, but not
   * what it left in the book.
   */
  | { readonly outcome: "name_taken" }
  /** There are as many accounts as there may be. */
  | { readonly outcome: "too_many_accounts" }
  /** Another account change came first: sign the reissue anew. */
  | { readonly outcome: "outdated" }
  /** The issuing account cannot give so much: everything ever issued must stay within 2^53-1. */
  | { readonly outcome: "issue_exhausted" };

/** Where a member that is online takes payments. */
export interface Presence {
  readonly name: AccountName;
  /** The address peers connect to: the one the server sees, or the one the member advertises. */
  readonly host: string;
  /** The port of the member's own connection to the server, as the server sees it. */
  readonly publicPort: number;
  /** The port the member listens on for peers. */
  readonly privatePort: number;
}

export type OnlineOutcome =
  | { readonly outcome: "online" }
  | { readonly outcome: "already_online" }
  /** No account of that name that somebody can act as: none at all, or one that is revoked or closed. */
  | { readonly outcome: "account_unknown" };

export type BookOutcome =
  | { readonly outcome: "booked"; readonly entry: Entry }
  /** The very same order (same id, same signed text) was booked before: here is its entry again. */
  | { readonly outcome: "repeated"; readonly entry: Entry }
  /** The id was booked before with another content. */
  | { readonly outcome: "id_conflict" }
  | { readonly outcome: "payer_unknown" }
  | { readonly outcome: "payee_unknown" }
  /** This very order was voided before. */
  | { readonly outcome: "voided"; readonly code: number }
  /** It expired so long ago that the ledger has forgotten which orders of its payer from that time are void. */
  | { readonly outcome: "expired" }
  /** The payer has less than the amount. */
  | { readonly outcome: "bankrupt" }
  /** One of the two accounts is closed. What a closed account has can still be withdrawn from it. */
  | { readonly outcome: "account_closed" }
  /** The order is signed under another certificate than the one that may act as the payer now. */
  | { readonly outcome: "certificate_not_current" }
  /** A refund of what is no payment from this payee to this payer. */
  | { readonly outcome: "payment_unknown" }
  /** All refunds of that payment together would exceed it. */
  | { readonly outcome: "refund_exceeds" };

/** What the ledger alone can say of an order, in the moment that it books it. */
export interface BookingConditions {
  /** From when on the order says that it cannot be booked. Absent where the server signed it: nobody voids such an order. */
  readonly expiresAtMs?: number;
}

/** An order that is never to be booked. */
export interface Voiding {
  /** The order's id. Another order with this id may still be booked. */
  readonly id: string;
  /** `orderDigest` of its signed text. */
  readonly digest: string;
  /**
   * The order's payer. Each payer has room for `voidedOrdersMax`, and nobody else can fill it, because nobody else signs its
   * orders.
   */
  readonly payer: AccountName;
  /** SHA-256 fingerprint of the certificate that the order is signed under. */
  readonly certificate: string;
  /** From when on the order says that it cannot be booked. */
  readonly expiresAtMs: number;
  /** What whoever hands it in is told from now on: three digits, which mean nothing here. */
  readonly code: number;
  readonly atMs: number;
}

export type VoidOutcome =
  /** It is not booked and never will be. */
  | { readonly outcome: "voided" }
  /** The same, known from an earlier call: here is the code that it was voided with. */
  | { readonly outcome: "repeated"; readonly code: number }
  /** The same: it expired so long ago that the ledger has forgotten which orders from that time are void. */
  | { readonly outcome: "expired" }
  /**
   * The same, and nothing was kept: its certificate is not the one that the payer has now, and no
   * certificate becomes an account's own a second time.
   */
  | { readonly outcome: "unbookable" }
  /** Nothing was kept: the payer's room is full, and none of its void orders can be forgotten yet. */
  | { readonly outcome: "no_room" }
  /** Too late: here is its entry. */
  | { readonly outcome: "booked"; readonly entry: Entry };

export type ChangeOutcome =
  | { readonly outcome: "changed"; readonly change: RecordedChange }
  | { readonly outcome: "account_unknown" }
  | { readonly outcome: "account_closed" }
  /** The account or the last change is another than when the statement was signed: sign it anew. */
  | { readonly outcome: "outdated" };

/** A stretch of the chain, without what its rows say. */
export interface ChainPart {
  /** The head before the first of the digests: 64 hexadecimal digits. */
  readonly head: string;
  /** `entryDigest` of each entry and `changeDigest` of each account change, in the order of their numbers. */
  readonly digests: readonly Uint8Array[];
}

export interface HistoryQuery {
  /** How many entries at the most. */
  readonly limit: number;
  /** Only entries with a smaller number, newest first: the order when neither is given. */
  readonly before?: number;
  /** Only entries with a greater number, oldest first. Not together with `before`. */
  readonly after?: number;
}

export interface Totals {
  readonly accounts: number;
  readonly entries: number;
  /** Of all balances, the issuing account's included. Zero, or the ledger is damaged. */
  readonly balanceSum: number;
  /** The hash of the last entry or account change, or the ledger's identifier when there is none. */
  readonly head: string;
}

export interface Ledger {
  /** Adds an account, its certificate and its opening entry together. A taken name is found before anything is booked. */
  register(registration: Registration): Promise<RegisterOutcome>;
  account(name: AccountName): Promise<Account | undefined>;

  /** Marks an account online. Everybody is offline when a ledger is opened. */
  bringOnline(presence: Presence): Promise<OnlineOutcome>;
  /**
   * Marks an account offline; harmless when it is. Resolves even when there is no room or the storage is busy, and is then
   * made good with the next change: a member whose connection ended must not be locked out of its next login.
   */
  takeOffline(name: AccountName): Promise<void>;
  presence(name: AccountName): Promise<Presence | undefined>;
  /** Who is online, by name in code-unit order, from the first name after `after`. */
  online(query: { readonly limit: number; readonly after?: AccountName }): Promise<Presence[]>;
  onlineCount(): Promise<number>;

  /**
   * Moves the amount from payer to payee and appends the entry, exactly once per id. Checks in this order: the id, whether the
   * order was voided or may have been, the payer, the payee, whether either is closed, what a refund gives back, the balance. The
   * caller has checked that the order is good at the booking's time. The issuing account is a side of whatever comes into the
   * ledger or leaves it; as a payer it is bankrupt past 2^53-1 issued.
   */
  book(booking: Booking, conditions?: BookingConditions): Promise<BookOutcome>;
  /**
   * Makes sure that an order is never booked, unless it was. Whatever is said of it afterwards stays true, whatever clocks say:
   * a void order is forgotten only when the payer's room is full and the order expired more than `voidedOrderKeptMs` before, and
   * from then on no order of that payer is booked that expired at the same time or earlier.
   */
  voidOrder(voiding: Voiding): Promise<VoidOutcome>;
  entry(id: string): Promise<Entry | undefined>;
  /** The sum of all refunds of a payment; 0 when there is none. */
  refunded(id: string): Promise<number>;
  /** Entries of an account on either side. */
  history(name: AccountName, query: HistoryQuery): Promise<Entry[]>;
  /** What a member needs to follow the chain after the number `after`, 0 being the start. Empty past the end. */
  chain(query: { readonly after: number; readonly limit: number }): Promise<ChainPart>;
  /** Number of the last entry or account change, 0 when there is none. */
  lastNumber(): Promise<number>;
  /** The first number that neither an entry nor an account change has, though a later one does. Reads the whole ledger. */
  missingNumber(): Promise<number | undefined>;
  totals(): Promise<Totals>;

  /**
   * Records a revocation or a closure, and takes the account offline. After a revocation, the next registration of the name
   * that brings the code gets it. A later revocation replaces the code. The caller has signed the statement.
   */
  changeAccount(change: AccountChange): Promise<ChangeOutcome>;
  /** Account changes in the order of their numbers, each with the head before it. */
  changes(query: { readonly after: number; readonly limit: number }): Promise<LinkedChange[]>;
  /** What the next account change has to name as `previous`. */
  lastStatement(): Promise<string>;
  /** Changes when somebody else changed the ledger: another process on the same store. */
  revision(): Promise<number>;

  /** Finishes what is under way and lets go of the storage. Nothing may be called afterwards. Harmless the second time. */
  close(): Promise<void>;
}
