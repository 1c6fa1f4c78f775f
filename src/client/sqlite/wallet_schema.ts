/**
 * The tables of `wallet.db`. Their names are for people who look at them with `sqlite3`.
 */

/**
 * SQLite's `application_id` of every wallet: "mpwa" in ASCII. Tells our files from those of other
 * programs.
 */
export const walletApplicationId = 0x6d_70_77_61;

/** SQLite's `user_version` of the tables below. */
export const walletSchemaVersion = 2;

const digest = (column: string) =>
  `${column} TEXT NOT NULL CHECK (length(${column}) = 64 AND ${column} NOT GLOB '*[^0-9a-f]*')`;

/** Says whose a row is: one account on one ledger. */
const owner = `${digest("ledger")}, account TEXT NOT NULL`;

/** Statements that make an empty wallet, run in one transaction. */
export const walletSchemaStatements: readonly string[] = [
  `PRAGMA application_id = ${walletApplicationId}`,
  `PRAGMA user_version = ${walletSchemaVersion}`,
  // Which ledger is behind a server address, host:port.
  `CREATE TABLE pin (
    server TEXT NOT NULL PRIMARY KEY,
    ${digest("ledger")}
  ) STRICT, WITHOUT ROWID`,
  // The ledgers that were joined. The one with the greatest number was joined last. The servers are
  // host:port, with commas.
  `CREATE TABLE joined_ledger (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    ${digest("ledger")} UNIQUE,
    servers TEXT NOT NULL,
    account TEXT NOT NULL
  ) STRICT`,
  // Orders that may be on their way. The state is the part of an order's state that outlives a
  // process: a 'recorded' order may have been sent, the server refused a 'refused' one for good.
  `CREATE TABLE open_order (
    ${owner},
    id TEXT NOT NULL,
    payer TEXT NOT NULL,
    payee TEXT NOT NULL,
    amount INTEGER NOT NULL,
    memo TEXT,
    refunds TEXT,
    state TEXT NOT NULL CHECK (state IN ('recorded', 'refused')),
    expires_at TEXT NOT NULL,
    order_jws TEXT NOT NULL,
    PRIMARY KEY (ledger, account, id)
  ) STRICT`,
  `CREATE TABLE receipt (
    ${owner},
    id TEXT NOT NULL,
    entry INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payer TEXT NOT NULL,
    payee TEXT NOT NULL,
    amount INTEGER NOT NULL,
    memo TEXT,
    refunds TEXT,
    booked_at TEXT NOT NULL,
    receipt_jws TEXT NOT NULL,
    order_jws TEXT NOT NULL,
    -- 1 when a good audit found its entry in the ledger, 2 when the member gave it up.
    audited INTEGER NOT NULL DEFAULT 0 CHECK (audited IN (0, 1, 2)),
    PRIMARY KEY (ledger, account, id)
  ) STRICT`,
  // What the account paid, by time. A withdrawal is the operator's.
  `CREATE INDEX receipt_paid ON receipt (ledger, account, booked_at, amount)
    WHERE payer = account AND kind <> 'withdrawal'`,
  `CREATE INDEX receipt_entry ON receipt (ledger, account, entry)`,
  `CREATE INDEX receipt_unaudited ON receipt (ledger, account, id) WHERE audited = 0`,
  // The payment requests that the account made. A receipt of the same id tells that one is paid.
  `CREATE TABLE payment_request (
    ${owner},
    id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    memo TEXT,
    payer TEXT,
    expires_at TEXT NOT NULL,
    request_jws TEXT NOT NULL,
    PRIMARY KEY (ledger, account, id)
  ) STRICT`,
  // The most that this wallet pays from an account: at once, and in any 24 hours. NULL: no limit.
  `CREATE TABLE payment_limit (
    ${owner},
    per_payment INTEGER CHECK (per_payment >= 0),
    per_day INTEGER CHECK (per_day >= 0),
    PRIMARY KEY (ledger, account)
  ) STRICT, WITHOUT ROWID`,
  // The newest tree that an account verified, the checkpoint that the server signed about it, and
  // the server's certificate, DER in base64. The time of the checkpoint that its member accepted
  // last is in seconds since the epoch.
  `CREATE TABLE audit (
    ${owner},
    entry INTEGER NOT NULL,
    ${digest("head")},
    checkpoint TEXT NOT NULL,
    certificate TEXT NOT NULL,
    accepted_at INTEGER,
    PRIMARY KEY (ledger, account)
  ) STRICT, WITHOUT ROWID`,
];
