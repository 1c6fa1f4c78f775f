/**
 * The schema of a ledger's file. A change needs a new schema version and a migration.
 */

/** SQLite's `application_id` of every ledger: "mpay" in ASCII. */
export const applicationId = 0x6d_70_61_79;

/** SQLite's `user_version` of the schema below. */
export const schemaVersion = 1;

/**
 * Returns the statements that make an empty ledger, for one transaction.
 *
 * The tables are `STRICT`, so a number's column holds no text. The database also checks the
 * balances, so a person at the `sqlite3` prompt cannot break them by accident. The kinds of entries
 * are not listed, because a new kind must not require rebuilding the append-only table.
 *
 * @param ledgerId 64 hex digits
 * @param version an older version, for the copy that a migration keeps
 */
export function schemaStatements(ledgerId: string, version: number = schemaVersion): string[] {
  if (!/^[0-9a-f]{64}$/.test(ledgerId)) {
    throw new TypeError(`cannot make a ledger: "${ledgerId}" is no identifier of one`);
  }
  return [
    `PRAGMA application_id = ${applicationId}`,
    `PRAGMA user_version = 1`,
    `CREATE TABLE ledger (id TEXT NOT NULL PRIMARY KEY) STRICT`,
    `INSERT INTO ledger (id) VALUES ('${ledgerId}')`,
    ...clientStatements,
    ...certificateStatements,
    ...changeStatements,
    ...entryStatements,
    ...voidedOrderStatements,
    ...invitationStatements,
    ...migrations.slice(0, version - 1).flatMap(migrationStatements),
  ];
}

/** Returns the statements that migrate a ledger to `migration.version`, for one transaction. */
export function migrationStatements({ version, statements }: Migration): string[] {
  return [...statements, `PRAGMA user_version = ${version}`];
}

/** The statements from one schema version to the next. */
export interface Migration {
  /** The version after the migration. */
  readonly version: number;
  readonly statements: readonly string[];
}

/**
 * Members and their addresses. The issuing account is a row too, so that `SELECT sum(balance) FROM
 * client` is 0.
 */
const clientStatements = [
  `CREATE TABLE client (
    username TEXT NOT NULL PRIMARY KEY,
    ip TEXT,
    public_port INTEGER,
    private_port INTEGER,
    online_status INTEGER NOT NULL DEFAULT 0 CHECK (online_status IN (0, 1)),
    server TEXT,
    asked_to_leave INTEGER NOT NULL DEFAULT 0 CHECK (asked_to_leave IN (0, 1, 2)),
    balance INTEGER NOT NULL DEFAULT 0 CHECK (
      balance BETWEEN -9007199254740991 AND 9007199254740991
      AND (balance >= 0 OR username = '@issuer')
    )
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX client_online ON client (username) WHERE online_status = 1`,
  `CREATE INDEX client_asked_to_leave ON client (server) WHERE asked_to_leave = 1`,
  `INSERT INTO client (username) VALUES ('@issuer')`,
];

/**
 * All certificates ever issued to members. The account changes tell which one is current. The
 * server's certificates, which sign for the issuing account, are rows of that account.
 */
const certificateStatements = [
  `CREATE TABLE certificate (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL REFERENCES client (username),
    key_fingerprint TEXT NOT NULL,
    der BLOB NOT NULL,
    issued_at TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX certificate_username ON certificate (username)`,
];

/**
 * The hashes of the subtrees that end with a row, 32 bytes each, the leaf first. The row number
 * `n` ends one subtree more than `n` has zero bits at its end.
 */
const subtreesColumn = `subtrees BLOB NOT NULL CHECK (
      length(subtrees) % 32 = 0 AND 1 << (length(subtrees) / 32 - 1) = number & -number)`;

/** Entries and account changes share their numbers. */
const nextNumber = `1 + max(
      (SELECT coalesce(max(number), 0) FROM entry),
      (SELECT coalesce(max(number), 0) FROM account_change))`;

/** Account changes, append-only like the book. */
const changeStatements = [
  `CREATE TABLE account_change (
    number INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    username TEXT NOT NULL REFERENCES client (username),
    certificate TEXT REFERENCES certificate (fingerprint),
    code_digest TEXT CHECK (length(code_digest) = 64),
    statement_jws TEXT NOT NULL,
    at TEXT NOT NULL,
    ${subtreesColumn}
  ) STRICT`,
  `CREATE INDEX account_change_username ON account_change (username, number)`,
  `CREATE TRIGGER account_change_appended BEFORE INSERT ON account_change
    WHEN NEW.number <> ${nextNumber}
    BEGIN SELECT RAISE(ABORT, 'an account change is appended after the last row'); END`,
  `CREATE TRIGGER account_change_unchanged BEFORE UPDATE ON account_change
    BEGIN SELECT RAISE(ABORT, 'an account change is never changed'); END`,
  `CREATE TRIGGER account_change_kept BEFORE DELETE ON account_change
    BEGIN SELECT RAISE(ABORT, 'an account change is never deleted'); END`,
];

/**
 * The book, kept append-only by triggers. The one before inserts is needed because `INSERT OR
 * REPLACE` deletes rows without firing delete triggers.
 */
const entryStatements = [
  `CREATE TABLE entry (
    number INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payer TEXT NOT NULL REFERENCES client (username),
    payee TEXT NOT NULL REFERENCES client (username),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    memo TEXT,
    order_digest BLOB NOT NULL CHECK (length(order_digest) = 32),
    at TEXT NOT NULL,
    payer_balance INTEGER NOT NULL,
    payee_balance INTEGER NOT NULL,
    ${subtreesColumn},
    refunds TEXT REFERENCES entry (id),
    request TEXT,
    iat INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    certificate TEXT NOT NULL REFERENCES certificate (fingerprint),
    CHECK (payer <> payee)
  ) STRICT`,
  `CREATE INDEX entry_payer ON entry (payer, number)`,
  `CREATE INDEX entry_payee ON entry (payee, number)`,
  `CREATE INDEX entry_refunds ON entry (refunds) WHERE refunds IS NOT NULL`,
  `CREATE TRIGGER entry_appended BEFORE INSERT ON entry
    WHEN NEW.number <> ${nextNumber}
      OR EXISTS (SELECT 1 FROM entry WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'an entry is appended after the last row, with an id of its own'); END`,
  `CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never changed'); END`,
  `CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never deleted'); END`,
];

/** Void orders, kept over restarts. The payer is no foreign key, because it may have no account. */
const voidedOrderStatements = [
  `CREATE TABLE voided_order (
    order_digest TEXT NOT NULL PRIMARY KEY CHECK (length(order_digest) = 64),
    payer TEXT NOT NULL,
    code INTEGER NOT NULL CHECK (code BETWEEN 100 AND 999),
    expires_at TEXT NOT NULL,
    voided_at TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX voided_order_payer ON voided_order (payer, expires_at)`,
  // Void orders of this payer that expired until then may be forgotten. None of them is booked any
  // more.
  `CREATE TABLE void_floor (
    payer TEXT NOT NULL PRIMARY KEY,
    expires_at TEXT NOT NULL
  ) STRICT`,
];

/**
 * Invitations, by the SHA-256 of their tokens. The name is no foreign key, because it has no
 * account yet.
 */
const invitationStatements = [
  `CREATE TABLE invitation (
    number INTEGER NOT NULL PRIMARY KEY,
    token_digest TEXT NOT NULL UNIQUE CHECK (length(token_digest) = 64),
    username TEXT,
    balance INTEGER CHECK (balance BETWEEN 0 AND 9007199254740991),
    uses_max INTEGER NOT NULL CHECK (uses_max >= 1),
    uses INTEGER NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND uses_max),
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
  ) STRICT`,
];

/**
 * The migrations after version 1, none so far. A new ledger runs them too, so new and migrated
 * ledgers are equal.
 */
export const migrations: readonly Migration[] = [];
