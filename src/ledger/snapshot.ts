/**
 * A snapshot: the ledger's rows as stored at one moment, for audits, exports and copies while the
 * server keeps booking.
 *
 * The values are not trusted, because another program may have written them. All rows are streamed,
 * with bounded memory.
 */

/**
 * A stored value. A number past 2^53 is a `bigint`, and a text with a NUL is its bytes in UTF-8.
 */
export type StoredValue = string | number | bigint | null | Uint8Array;

/** Returns a value as text. */
export function storedText(value: StoredValue): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}

/** A row of the book, with its signer's certificate. The other names are the table's columns. */
export interface StoredEntry {
  readonly number: StoredValue;
  readonly id: StoredValue;
  readonly kind: StoredValue;
  readonly payer: StoredValue;
  readonly payee: StoredValue;
  readonly amount: StoredValue;
  readonly memo: StoredValue;
  readonly iat: StoredValue;
  readonly exp: StoredValue;
  readonly signature: StoredValue;
  /** In hexadecimal digits. */
  readonly order_digest: StoredValue;
  /** The fingerprint of the signer's certificate. */
  readonly certificate: StoredValue;
  /** The signer's certificate. `null` when the ledger does not have it. */
  readonly der: StoredValue;
  readonly at: StoredValue;
  readonly payer_balance: StoredValue;
  readonly payee_balance: StoredValue;
  /** In hexadecimal digits. */
  readonly subtrees: StoredValue;
  readonly refunds: StoredValue;
}

/** A row of an account change. The names are the table's columns. */
export interface StoredChange {
  readonly number: StoredValue;
  readonly kind: StoredValue;
  readonly username: StoredValue;
  readonly certificate: StoredValue;
  readonly code_digest: StoredValue;
  readonly statement_jws: StoredValue;
  readonly at: StoredValue;
  /** In hexadecimal digits. */
  readonly subtrees: StoredValue;
}

/** A row of an account. The names are the table's columns. */
export interface StoredAccount {
  readonly username: StoredValue;
  readonly balance: StoredValue;
  readonly online_status: StoredValue;
  /** When a change closed it. `null` while it is open. */
  readonly closed_at: StoredValue;
}

/** A row of a certificate. The names are the table's columns. */
export interface StoredCertificate {
  readonly fingerprint: StoredValue;
  readonly username: StoredValue;
  readonly key_fingerprint: StoredValue;
  readonly der: StoredValue;
  readonly issued_at: StoredValue;
}

/** One moment of a ledger. Each method throws `LedgerError` when the store cannot be read. */
export interface LedgerSnapshot {
  /** The fingerprint of the CA that the ledger belongs to. */
  readonly ledgerId: string;
  entryCount(): number;
  /** All entries by number. */
  entries(): Iterable<StoredEntry>;
  /** The entries of an account on either side, by number. */
  entriesOf(name: string): Iterable<StoredEntry>;
  entryByNumber(number: number): StoredEntry | undefined;
  entryById(id: string): StoredEntry | undefined;
  /** The account changes by number, of one account when `name` is given. */
  changes(name?: string): Iterable<StoredChange>;
  changeByNumber(number: number): StoredChange | undefined;
  /** The refunds of a payment, by number. */
  refundsOf(id: string): Iterable<StoredEntry>;
  /** Ids that more than one entry has. They are found without an index, which could be forged. */
  repeatedIds(): Iterable<string>;
  /** All accounts by name, including the issuing account. */
  accounts(): Iterable<StoredAccount>;
  certificates(): Iterable<StoredCertificate>;
  /** The faults that the store finds in its files, one sentence each. */
  faults(): Iterable<string>;
  /** Ends the snapshot. */
  close(): void;
}
