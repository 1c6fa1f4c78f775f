/**
 * A ledger as it lies in its store at one moment, for whoever checks, exports or copies it while the server goes on booking.
 *
 * Values come as they are stored and are not believed: somebody may have written them with another program. Everything is
 * streamed; nothing here takes memory that grows with the ledger.
 */

/** A value as the store has it: a number past 2^53 comes as `bigint`, a text with a NUL as its bytes in UTF-8. */
export type StoredValue = string | number | bigint | null | Uint8Array;

/** A value in words, for whoever looks at it. */
export function storedText(value: StoredValue): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}

/** One row of the book. The names are those of the table's columns. */
export interface StoredEntry {
  readonly number: StoredValue;
  readonly id: StoredValue;
  readonly kind: StoredValue;
  readonly payer: StoredValue;
  readonly payee: StoredValue;
  readonly amount: StoredValue;
  readonly memo: StoredValue;
  readonly order_jws: StoredValue;
  readonly at: StoredValue;
  readonly payer_balance: StoredValue;
  readonly payee_balance: StoredValue;
  readonly hash: StoredValue;
  readonly refunds: StoredValue;
}

/** One account change. The names are those of the table's columns. */
export interface StoredChange {
  readonly number: StoredValue;
  readonly kind: StoredValue;
  readonly username: StoredValue;
  readonly certificate: StoredValue;
  readonly code_digest: StoredValue;
  readonly statement_jws: StoredValue;
  readonly at: StoredValue;
  readonly hash: StoredValue;
}

export interface StoredAccount {
  readonly username: StoredValue;
  readonly balance: StoredValue;
  readonly online_status: StoredValue;
  /** When it was closed, by its change; `null` while it is open. */
  readonly closed_at: StoredValue;
}

export interface StoredCertificate {
  readonly fingerprint: StoredValue;
  readonly username: StoredValue;
  readonly key_fingerprint: StoredValue;
  readonly der: StoredValue;
  readonly issued_at: StoredValue;
}

/** Every method throws `LedgerError` when the store cannot be read. */
export interface LedgerSnapshot {
  /** The CA's fingerprint that the ledger was made under. */
  readonly ledgerId: string;
  entryCount(): number;
  /** In the order of their numbers. */
  entries(): Iterable<StoredEntry>;
  /** Entries of one account on either side, in the order of their numbers. */
  entriesOf(name: string): Iterable<StoredEntry>;
  entryByNumber(number: number): StoredEntry | undefined;
  entryById(id: string): StoredEntry | undefined;
  /** Account changes, in the order of their numbers; those of one account when it is named. */
  changes(name?: string): Iterable<StoredChange>;
  changeByNumber(number: number): StoredChange | undefined;
  /** Refunds of a payment, in the order of their numbers. */
  refundsOf(id: string): Iterable<StoredEntry>;
  /** Ids that more than one entry has; found without trusting an index. */
  repeatedIds(): Iterable<string>;
  /** In the order of their names, the issuing account included. */
  accounts(): Iterable<StoredAccount>;
  certificates(): Iterable<StoredCertificate>;
  /** What the store itself finds wrong with its files, one sentence each. */
  faults(): Iterable<string>;
  /** Lets go of the moment. */
  close(): void;
}
