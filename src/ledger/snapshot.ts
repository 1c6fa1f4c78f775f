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
  /** The payment request that the order pays. */
  readonly request: StoredValue;
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

/** A row of the book without its signer's certificate. */
export type StoredRow = Omit<StoredEntry, "der">;

/** A certificate's row, and what account changes say about it. */
export interface IssuedCertificate extends StoredCertificate {
  /** Its place among all certificates. */
  readonly place: StoredValue;
  /** 1 when a change of its account brought it, and 0 when the registration did. */
  readonly is_reissued: StoredValue;
}

/** What the rows before a number say about an account. */
export interface StoredState {
  /** The balance after its last entry. `null` without entries. */
  readonly balance: StoredValue;
  /** Of its last change. `null` without changes. */
  readonly change_kind: StoredValue;
  readonly change_certificate: StoredValue;
}

/** An entry with the id of an earlier one. */
export interface RepeatedEntry extends Pick<StoredEntry, "number" | "id"> {
  readonly entries_before: StoredValue;
}

/** A page of rows in the order of their places. */
export interface PageQuery {
  /** Only rows after this place. */
  readonly after: number;
  /** Most rows of the page. */
  readonly limit: number;
}

/**
 * One moment of a ledger. Streams come in pages, and many rows are asked for at once, because a
 * store may be another machine. Each method rejects with `LedgerError` when the store cannot be
 * read.
 */
export interface LedgerSnapshot extends AsyncDisposable {
  /** The fingerprint of the CA that the ledger belongs to. */
  readonly ledgerId: string;
  /** Returns the greatest number of a row, 0 without rows. */
  lastNumber(): Promise<number>;
  /** All entries by number. */
  entries(): AsyncIterable<StoredEntry[]>;
  /** At most `limit` entries of an account on either side, newest first. */
  newestEntriesOf(name: string, limit: number): Promise<StoredEntry[]>;
  entryByNumber(number: number): Promise<StoredEntry | undefined>;
  entryById(id: string): Promise<StoredEntry | undefined>;
  /**
   * The account changes by number, of one account when `name` is given. They are found without an
   * index, which could be forged.
   */
  changes(name?: string): AsyncIterable<StoredChange[]>;
  /** The changes of one account by number, found by the index. */
  changesOf(name: string): Promise<StoredChange[]>;
  changeByNumber(number: number): Promise<StoredChange | undefined>;
  /** Returns the time of the last entry before a number, or `undefined` without one. */
  lastEntryTime(query: { readonly before: number }): Promise<StoredValue | undefined>;
  /** Entries by number. */
  entryPage(query: PageQuery): Promise<StoredRow[]>;
  /** Account changes by number. */
  changePage(query: PageQuery): Promise<StoredChange[]>;
  /**
   * Returns the stored hashes of rows by number, in hexadecimal digits. A missing row has none.
   */
  subtreesOf(numbers: readonly number[]): Promise<Map<number, StoredValue>>;
  /** The refunds of a payment, by number. */
  refundsOf(id: string): Promise<Pick<StoredEntry, "number" | "amount">[]>;
  /**
   * Returns the first entry with the id of an earlier one, and the number of entries before it. It
   * is found without an index, which could be forged.
   */
  firstRepetition(): Promise<RepeatedEntry | undefined>;
  /** All accounts by name, including the issuing account. */
  accounts(): AsyncIterable<StoredAccount[]>;
  account(name: string): Promise<StoredAccount | undefined>;
  /**
   * Returns what the rows before a number say about accounts, by name. A name without an account
   * has no state.
   */
  statesBefore(number: number, names: readonly string[]): Promise<Map<string, StoredState>>;
  /** The certificates by place. */
  certificatePage(query: PageQuery): Promise<IssuedCertificate[]>;
  /** Returns the greatest place of a certificate, 0 without any. */
  lastCertificatePlace(): Promise<number>;
  /** Returns certificates by fingerprint. A certificate that the ledger lacks is left out. */
  certificates(fingerprints: readonly string[]): Promise<Map<string, IssuedCertificate>>;
  /** Returns the certificates of each of these names, in the order of their issue. */
  certificatesOf(names: readonly StoredValue[]): Promise<Map<StoredValue, IssuedCertificate[]>>;
  /** Returns the statement of the last account change before a number, if there is one. */
  statementBefore(number: number): Promise<StoredValue | undefined>;
  /** The faults that the store finds in itself, one sentence each. It reads all of its rows. */
  faults(): AsyncIterable<string>;
  /** Those of {@link faults} that are in the tables, indexes and triggers themselves. */
  schemaFaults(): AsyncIterable<string>;
}
