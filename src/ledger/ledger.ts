/**
 * The ledger's interface. No code above it knows SQL, and all implementations pass the contract in
 * `tests/ledger/ledger_contract.ts`.
 *
 * All methods are atomic. When the promise of a change resolves, the change is on stable storage.
 *
 * All methods throw `LedgerFullError` when the disk is full, and `LedgerBusyError` when the storage
 * is locked, read-only or away. Then nothing was changed, unless the error is undecided, and the
 * ledger stays usable. They throw `LedgerError` when the storage failed. Then the change may or may
 * not have been made, all later calls throw the same error, and the caller must stop. A call that
 * violates a precondition throws `TypeError` and changes nothing.
 */
import type { AccountName } from "../account_name.ts";
import type { AccountChange, RecordedChange } from "./account_change.ts";
import type { Booking, CertificateRecord, Entry } from "./entry.ts";
import type { Invitation, InvitationRefusal, InvitationUse, NewInvitation } from "./invitation.ts";
import type { RelayStore } from "./relay_store.ts";

/** A member's account. */
export interface Account {
  readonly name: AccountName;
  readonly balance: number;
  /** The account's current certificate. Absent after a revocation or closure. */
  readonly certificate?: CertificateRecord;
  /** Whether it is closed: nobody can act for it, and its balance stays. */
  readonly isClosed: boolean;
  /** Absent before the account's first change. */
  readonly lastChange?: RecordedChange;
}

/** A request to register an account. */
export interface Registration {
  readonly name: AccountName;
  readonly certificate: CertificateRecord;
  /**
   * The opening entry from the issuing account to `name`, with a new id. Absent when accounts start
   * with nothing.
   */
  readonly opening?: Booking;
  /** Present for an account whose certificate was revoked. */
  readonly reissue?: {
    /** The SHA-256 of the one-time code, 64 hex digits. */
    readonly codeDigest: string;
    /** A change of the kind `reissue`, for this account and certificate. */
    readonly change: AccountChange;
  };
  /**
   * The invitation that a new account is registered with. It is used up together with the
   * registration. A name that exists uses none.
   */
  readonly invitation?: InvitationUse | undefined;
  /** Most accounts of the ledger, including the new one. Unlimited when absent. */
  readonly accountsMax?: number;
}

/** An account with a current certificate. */
export type RegisteredAccount = Account & { readonly certificate: CertificateRecord };

/** The outcome of a registration. */
export type RegisterOutcome =
  | { readonly outcome: "registered"; readonly account: RegisteredAccount }
  /** The name was registered with this key before. Nothing was booked. */
  | { readonly outcome: "repeated"; readonly account: RegisteredAccount }
  /**
   * The account had no certificate and the code was right, so it has this one now. Nothing was
   * booked.
   */
  | { readonly outcome: "reissued"; readonly account: RegisteredAccount }
  /**
   * The name has another key or another one-time code, or its account is closed or left rows in the
   * book. A key that the account had before is refused even with the code, because a thief may have
   * it.
   */
  | { readonly outcome: "name_taken" }
  /** The invitation admits nobody, or not this name. */
  | { readonly outcome: "not_invited"; readonly reason: InvitationRefusal }
  /** The ledger has the most accounts allowed. */
  | { readonly outcome: "too_many_accounts" }
  /** Another account change came first. The caller must sign the reissue again. */
  | { readonly outcome: "outdated" }
  /** The issued sum would exceed 2^53-1. */
  | { readonly outcome: "issue_exhausted" };

/** The address of a member that is online. */
export interface Presence {
  readonly name: AccountName;
  /** The host for peers: the one that the server sees, or the one that the member advertises. */
  readonly host: string;
  /** The port of the member's connection, as the server sees it. */
  readonly publicPort: number;
  /** The port on which the member accepts peers. */
  readonly privatePort: number;
  /** The server where it is online: a random text of that process. */
  readonly server: string;
}

/**
 * The presence of an account. `leave` says that a login at another server wants its place. It is
 * `asked` before its server knows of that, then `considered` while the member is asked for a sign
 * of life.
 */
export type FoundPresence = Presence & { readonly leave?: "asked" | "considered" };

/** The outcome of going online. */
export type OnlineOutcome =
  | { readonly outcome: "online" }
  | { readonly outcome: "already_online" }
  /** There is no account of that name with a current certificate. */
  | { readonly outcome: "account_unknown" };

/** The outcome of a booking. */
export type BookOutcome =
  | { readonly outcome: "booked"; readonly entry: Entry }
  /** The same order, with the same id and signed text, was booked before as this entry. */
  | { readonly outcome: "repeated"; readonly entry: Entry }
  /** The id was booked before with other contents. */
  | { readonly outcome: "id_conflict" }
  | { readonly outcome: "payer_unknown" }
  | { readonly outcome: "payee_unknown" }
  /** This order is void. */
  | { readonly outcome: "voided"; readonly code: number }
  /** It expired so long ago that the ledger may have forgotten that it is void. */
  | { readonly outcome: "expired" }
  /** The payer has less than the amount. */
  | { readonly outcome: "bankrupt" }
  /** One of the accounts is closed. A withdrawal from it is still possible. */
  | { readonly outcome: "account_closed" }
  /** The order's signer is not the payer's current certificate. */
  | { readonly outcome: "certificate_not_current" }
  /** A refund of something else than a payment from this payee to this payer. */
  | { readonly outcome: "payment_unknown" }
  /** All refunds of the payment together would exceed it. */
  | { readonly outcome: "refund_exceeds" };

/** An order that must never be booked. */
export interface Voiding {
  /** The order's id. Another order with this id may still be booked. */
  readonly id: string;
  /** `orderDigest` of its signed text. */
  readonly digest: string;
  /**
   * The order's payer. Each payer has room for `voidedOrdersMax`. Only the payer can fill it,
   * because only it signs its orders.
   */
  readonly payer: AccountName;
  /** SHA-256 fingerprint of the signer's certificate. */
  readonly certificate: string;
  /** The order's expiry, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** The code for later submissions: three digits, which have no meaning here. */
  readonly code: number;
  readonly atMs: number;
}

/** A void order, as others than its payer and payee may know it. */
export type VoidedOrder = Pick<Voiding, "digest" | "payer" | "code">;

/**
 * A decision about an order that its payer signed: the entry that it is booked as, or that it is
 * void. `cause` is the object that this process passed to `book` or `voidOrder`. A decision of
 * another process has none.
 */
export type Decision =
  | { readonly entry: Entry; readonly cause?: Booking }
  | { readonly voided: VoidedOrder; readonly cause?: Voiding };

/**
 * Takes decisions, the oldest first. It throws nothing. Further decisions of other processes come
 * when its promise has resolved. Those of this process come at once.
 */
export type DecisionListener = (decisions: readonly Decision[]) => Promise<void>;

export interface FollowOptions {
  /**
   * Returns whether decisions about an account's orders are wanted now. A decision of another
   * process is told only when one side of its order is wanted. All are wanted by default.
   */
  readonly isFor?: (name: AccountName) => boolean;
}

/** The outcome of a voiding. */
export type VoidOutcome =
  /** It is not booked and never will be. */
  | { readonly outcome: "voided" }
  /** As `voided`, by an earlier call with this code. */
  | { readonly outcome: "repeated"; readonly code: number }
  /** As `voided`. It expired so long ago that the ledger may have forgotten it. */
  | { readonly outcome: "expired" }
  /**
   * As `voided`, and nothing was stored. Its certificate is not the payer's current one and never
   * will be again.
   */
  | { readonly outcome: "unbookable" }
  /**
   * Nothing was stored. The payer's room is full, and none of its void orders can be forgotten yet.
   */
  | { readonly outcome: "no_room" }
  /** It is already booked as this entry. */
  | { readonly outcome: "booked"; readonly entry: Entry };

/** The outcome of an account change. */
export type ChangeOutcome =
  | { readonly outcome: "changed"; readonly change: RecordedChange }
  | { readonly outcome: "account_unknown" }
  | { readonly outcome: "account_closed" }
  /** The account or the last change is not the one in the statement. The caller must sign again. */
  | { readonly outcome: "outdated" };

/** Proofs about the Merkle tree of the ledger, as `TreeProver` makes them. */
export interface LedgerProofs {
  /** The number of the last row, 0 without rows. */
  readonly size: number;
  /** The head after it, 64 hex digits. */
  readonly head: string;
  /** For each asked size, that the tree grew from that one. Empty when it is not longer. */
  readonly consistency: readonly (readonly string[])[];
  /** For each asked entry, that the tree has it. Empty past the end. */
  readonly inclusion: readonly (readonly string[])[];
}

export interface ProofQuery {
  /** Numbers of rows. */
  readonly sizes: readonly number[];
  /** Numbers of entries. */
  readonly entries: readonly number[];
}

/** A page of an account's history. */
export interface HistoryQuery {
  /** Most entries of the page. */
  readonly limit: number;
  /** Only entries with a smaller number, newest first. This order is the default. */
  readonly before?: number;
  /** Only entries with a greater number, oldest first. Not together with `before`. */
  readonly after?: number;
}

/** Totals of a ledger. */
export interface Totals {
  readonly accounts: number;
  readonly entries: number;
  /**
   * The sum of all balances, including the issuing account's. Not zero means that the ledger is
   * damaged.
   */
  readonly balanceSum: number;
  /** The root of the tree of all rows, 64 hex digits. */
  readonly head: string;
}

/** A ledger: accounts, entries, account changes and the Merkle tree over both. */
export interface Ledger {
  /** Adds an account with its certificate and opening entry. A taken name changes nothing. */
  register(registration: Registration): Promise<RegisterOutcome>;
  account(name: AccountName): Promise<Account | undefined>;
  /**
   * Returns the SHA-256 fingerprint of the certificate that may act as the account now, or
   * `undefined` when there is none: no account, or one that is revoked or closed.
   */
  currentCertificate(name: AccountName): Promise<string | undefined>;
  /**
   * Returns the DER of a certificate that the ledger has stored, of a member or the server.
   *
   * @param fingerprint its SHA-256, 64 hex digits
   */
  certificate(fingerprint: string): Promise<Uint8Array<ArrayBuffer> | undefined>;

  /** Marks an account online. All accounts are offline when a ledger is opened. */
  bringOnline(presence: Presence): Promise<OnlineOutcome>;
  /**
   * Marks an account offline. It resolves also when the storage is full or busy, and then the next
   * change does it: a member whose connection ended must be able to log in again.
   *
   * @param options.server only where the account is online at this server
   */
  takeOffline(name: AccountName, options?: { readonly server?: string }): Promise<void>;
  presence(name: AccountName): Promise<FoundPresence | undefined>;
  /** Asks the server at which an account is online to take it offline, if it is silent. */
  askToLeave(name: AccountName): Promise<void>;
  /** Returns the accounts at a server that were asked to leave, each once: `considered` now. */
  takeLeaveRequests(server: string): Promise<AccountName[]>;
  /** Answers a request to leave: the account stays online at this server. */
  stayOnline(name: AccountName, options: { readonly server: string }): Promise<void>;
  /**
   * Says that a server is alive. Accounts at a server that has not said so for
   * `serverAbsenceMsMax` of the storage's clock are taken offline.
   *
   * @returns whether it is known. Of one that is not, no account is online: it is new, or was
   * silent for too long
   */
  attend(server: string): Promise<boolean>;
  /** Returns the members online, sorted by name in code units, after the name `after`. */
  online(query: { readonly limit: number; readonly after?: AccountName }): Promise<Presence[]>;
  onlineCount(): Promise<number>;
  /**
   * Returns what passes relayed bytes between servers, or `undefined` where one server at a time
   * serves the ledger.
   */
  relayStore(): RelayStore | undefined;

  /**
   * Moves the amount from payer to payee and appends the entry, exactly once per id.
   *
   * It checks in this order: the id, whether the order may be void, the payer, the payee, closed
   * accounts, the refunded payment, the balance. The caller has verified the order for the time of
   * the booking. As a payer, the issuing account is bankrupt past 2^53-1 issued.
   */
  book(booking: Booking): Promise<BookOutcome>;
  /**
   * Voids an order, so that it is never booked, unless it already is.
   *
   * A void order is forgotten only when the payer's room is full and its expiry is more than
   * `voidedOrderKeptMs` ago. From then on, no order of this payer with the same or an earlier
   * expiry is booked. So the decision holds even if clocks change.
   */
  voidOrder(voiding: Voiding): Promise<VoidOutcome>;
  /**
   * Tells the listener each decision from now on, once and in the order of the commits, whichever
   * process made it. A decision of this process comes before its `book` or `voidOrder` resolves,
   * unless one of another process has to be read first.
   *
   * @returns stops that
   */
  follow(listener: DecisionListener, options?: FollowOptions): () => void;
  entry(id: string): Promise<Entry | undefined>;
  /** Returns the sum of a payment's refunds, 0 without any. */
  sumRefunds(id: string): Promise<number>;
  /** Returns entries of an account on either side. */
  history(name: AccountName, query: HistoryQuery): Promise<Entry[]>;
  /** Returns proofs that one tree grew from trees of these sizes, and that it has these entries. */
  proofs(query: ProofQuery): Promise<LedgerProofs>;
  /** Returns the number of the last row, 0 without rows. */
  lastNumber(): Promise<number>;
  /**
   * Returns the first missing row number, or `undefined` without one. It reads the whole ledger.
   */
  missingNumber(): Promise<number | undefined>;
  totals(): Promise<Totals>;

  /** Adds an invitation. Its token must be new. */
  invite(invitation: NewInvitation): Promise<Invitation>;
  /** @param tokenDigest the SHA-256 of the token, 64 hex digits */
  invitation(tokenDigest: string): Promise<Invitation | undefined>;
  /** Returns invitations by number. */
  invitations(query: { readonly after: number; readonly limit: number }): Promise<Invitation[]>;
  /** Revokes an invitation for good. Returns whether there is one of this number. */
  revokeInvitation(number: number, options: { readonly atMs: number }): Promise<boolean>;

  /**
   * Records a revocation or closure, and takes the account offline. After a revocation, the next
   * registration of the name with the code gets the account. A later revocation replaces the code.
   * The caller has signed the statement.
   */
  changeAccount(change: AccountChange): Promise<ChangeOutcome>;
  /** Returns account changes by number. */
  changes(query: { readonly after: number; readonly limit: number }): Promise<RecordedChange[]>;
  /** Returns the digest that the next account change must name as `previous`. */
  lastStatement(): Promise<string>;
  /**
   * Returns a number that changes when another process records an account change. Other changes
   * may change it, too.
   */
  revision(): Promise<number>;

  /**
   * Finishes the running work and closes the storage. No other call may follow. A second call does
   * nothing.
   */
  close(): Promise<void>;
}
