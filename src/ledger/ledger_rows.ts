/**
 * The rows of a ledger, as the rules of `book.ts` and `registrar.ts` read and write them inside one
 * transaction. A store reads them from its tables, or from a copy of the rows that it has locked.
 *
 * Everything is synchronous, so that no other operation comes between a check and its write.
 */
import type { AccountName } from "../account_name.ts";
import type { RecordedChange } from "./account_change.ts";
import type { BookingSide } from "./account_rules.ts";
import type { CertificateRecord, Entry, EntryContents, EntrySide } from "./entry.ts";
import type { Invitation } from "./invitation.ts";
import type { Account, Voiding } from "./ledger.ts";
import type { CompactRange } from "./merkle_tree.ts";
import type { Placed } from "./posting.ts";

/** An order, by what decides about it. */
export interface OrderKey {
  readonly id: string;
  readonly digest: string;
  readonly payer: EntrySide;
}

/** Where the entry of an order goes, and what became of the order before. */
export interface OrderPlace {
  readonly isBooked: boolean;
  /** The code that the order was voided with. */
  readonly voidedCode: number | undefined;
  /** Void orders of its payer that expired until then may be forgotten. */
  readonly voidFloorMs: number | undefined;
  readonly tree: CompactRange;
}

/** One side of a booking, with its balance before. */
export type SideBefore = BookingSide & { readonly balance: number };

/** Entries, account changes and void orders. */
export interface BookRows {
  place(order: OrderKey): OrderPlace;
  /** Returns the tree of all rows. */
  tree(): CompactRange;
  entry(id: string): Entry | undefined;
  /** Returns an entry without what depends on the rows before it. */
  contents(id: string): EntryContents | undefined;
  /** Returns the sum of a payment's refunds, 0 without any. */
  sumRefunds(id: string): number;
  /** Appends an entry, and stores the balances of both sides. */
  addEntry(placed: Placed<Entry>): void;
  addChange(placed: Placed<RecordedChange>): void;
  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string;
  countVoidings(payer: AccountName): number;
  /** Returns the void order of a payer that expired first. */
  firstVoiding(payer: AccountName): Pick<Voiding, "digest" | "expiresAtMs"> | undefined;
  addVoiding(voiding: Voiding): void;
  forgetVoiding(digest: string): void;
  forgetVoidingsOf(payer: AccountName): void;
  /** Stores that the void orders of a payer that expired until then may be forgotten. */
  raiseVoidFloor(payer: AccountName, expiresAtMs: number): void;
}

/** Accounts and their certificates. */
export interface AccountRows {
  find(name: AccountName): Account | undefined;
  /** Looks up both sides of a booking at once. */
  sides(payer: EntrySide, payee: EntrySide): Partial<Record<"payer" | "payee", SideBefore>>;
  /** Returns the fingerprint of the certificate that may act as the account now. */
  certificateOf(name: AccountName): string | undefined;
  /** Returns whether any row of an earlier account of this name exists. */
  hasLeftTraces(name: AccountName): boolean;
  /** Returns whether the account has or had this key. */
  hasKey(name: AccountName, keyFingerprint: string): boolean;
  /** Returns the number of accounts without the issuing account. */
  count(): number;
  add(name: AccountName): void;
  addCertificate(name: AccountName, certificate: CertificateRecord): void;
  /** Records a certificate of the server, unless it is recorded already. */
  recordServerCertificate(certificate: CertificateRecord): void;
  takeOffline(name: AccountName): void;
}

export interface InvitationRows {
  find(tokenDigest: string): Invitation | undefined;
  /** Counts one more use. */
  use(tokenDigest: string): void;
}
