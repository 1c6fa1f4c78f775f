/**
 * The schema of a ledger in PostgreSQL. Tables and columns have the names and values of the SQLite
 * schema. `head`, `writer`, `server` and `relayed_message` are for several servers, and SQLite has
 * none of them.
 *
 * CockroachDB and YugabyteDB have to understand each statement. So there are no advisory locks, no
 * sequences, and all texts that are sorted have the collation C, or no collation where that is the
 * same.
 */
import { relayedBytesMax } from "../../limits.ts";
import { issuingAccount } from "../entry.ts";

/** The version of the schema, in the table `ledger`. A change needs a migration. */
export const postgresSchemaVersion = 1;

/** The first statement of a schema. Two processes at once: the second waits, and then fails. */
const ledgerStatement = `CREATE TABLE ledger (
    id text NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    unfinished bigint NOT NULL DEFAULT 0 CHECK (unfinished IN (0, 1))
  )`;

export interface SchemaOptions {
  /**
   * Whether the engine sorts texts by their bytes and has no collation C for columns, as
   * CockroachDB.
   */
  readonly sortsByBytes?: boolean;
}

/**
 * Returns the statements that make an empty ledger, for one transaction.
 *
 * @param ledgerId 64 hex digits
 */
export function postgresSchema(ledgerId: string, options: SchemaOptions = {}): string[] {
  if (!/^[0-9a-f]{64}$/.test(ledgerId)) {
    throw new TypeError(`cannot make a ledger: "${ledgerId}" is no identifier of one`);
  }
  const statements = [
    ledgerStatement,
    `INSERT INTO ledger (id, version) VALUES ('${ledgerId}', ${postgresSchemaVersion})`,
    ...serverStatements,
    ...clientStatements,
    ...certificateStatements,
    ...changeStatements,
    ...entryStatements,
    ...voidedOrderStatements,
    ...invitationStatements,
  ];
  return options.sortsByBytes
    ? statements.map((statement) => statement.replaceAll(sortedText, "text"))
    : statements;
}

/**
 * Returns the statements of a schema in two parts: those that make the tables and their first rows,
 * and those that make indexes and triggers. A copy fills the tables in between, which takes a
 * fraction of the time.
 */
export function schemaParts(
  ledgerId: string,
  options: SchemaOptions = {},
): { readonly tables: readonly string[]; readonly guards: readonly string[] } {
  const makesTable = (statement: string) => /^(CREATE TABLE|INSERT) /.test(statement);
  const statements = postgresSchema(ledgerId, options);
  return {
    tables: statements.filter(makesTable),
    guards: statements.filter((statement) => !makesTable(statement)),
  };
}

/** A name, an id or a time: sorted by its bytes, as SQLite does. */
const sortedText = `text COLLATE "C"`;

const serverStatements = [
  // The log's head. Its only row is locked by each transaction that writes, so that they follow
  // one another. `subtrees` is the tree of all rows: 32 bytes for each one bit of `number`.
  `CREATE TABLE head (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    number bigint NOT NULL,
    subtrees bytea NOT NULL,
    void_number bigint NOT NULL
  )`,
  `INSERT INTO head (id, number, subtrees, void_number) VALUES (1, 0, '', 0)`,
  // The last batch that each process committed. After a lost connection it says whether a COMMIT
  // happened.
  `CREATE TABLE writer (
    id text NOT NULL PRIMARY KEY,
    batch bigint NOT NULL,
    started_at timestamptz NOT NULL
  )`,
  // What servers pass on to each other of relayed connections. It is deleted when it is delivered.
  // A longer message would end the connection of the member that it is for.
  `CREATE TABLE relayed_message (
    server text NOT NULL,
    connection text NOT NULL CHECK (length(connection) = 22),
    number bigint NOT NULL CHECK (number BETWEEN 1 AND 9007199254740991),
    sender text NOT NULL,
    payer text,
    payee text,
    data text CHECK (length(data) <= ${relayedBytesMax}),
    is_end bigint NOT NULL CHECK (is_end IN (0, 1)),
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (server, connection)
  )`,
  // The servers that run, and when each was last seen by the database's clock.
  `CREATE TABLE server (
    id text NOT NULL PRIMARY KEY,
    seen_at timestamptz NOT NULL
  )`,
];

const clientStatements = [
  `CREATE TABLE client (
    username ${sortedText} NOT NULL PRIMARY KEY,
    ip text,
    public_port bigint,
    private_port bigint,
    online_status bigint NOT NULL DEFAULT 0 CHECK (online_status IN (0, 1)),
    balance bigint NOT NULL DEFAULT 0 CHECK (
      balance BETWEEN -9007199254740991 AND 9007199254740991
      AND (balance >= 0 OR username = '${issuingAccount}')
    ),
    server text,
    asked_to_leave bigint NOT NULL DEFAULT 0 CHECK (asked_to_leave IN (0, 1, 2))
  )`,
  `CREATE INDEX client_online ON client (username) WHERE online_status = 1`,
  `CREATE INDEX client_asked_to_leave ON client (server) WHERE asked_to_leave = 1`,
  `INSERT INTO client (username) VALUES ('${issuingAccount}')`,
];

const certificateStatements = [
  `CREATE TABLE certificate (
    place bigint NOT NULL UNIQUE,
    fingerprint text NOT NULL PRIMARY KEY,
    username ${sortedText} NOT NULL REFERENCES client (username),
    key_fingerprint text NOT NULL,
    der bytea NOT NULL,
    issued_at ${sortedText} NOT NULL
  )`,
  `CREATE INDEX certificate_username ON certificate (username)`,
];

/** As in SQLite: the row number `n` ends one subtree more than `n` has zero bits at its end. */
const subtreesColumn = `subtrees bytea NOT NULL CHECK (
      length(subtrees) % 32 = 0
      AND 1::bigint << (length(subtrees) / 32 - 1)::int = (number & -number))`;

const changeStatements = [
  `CREATE TABLE account_change (
    number bigint NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    username ${sortedText} NOT NULL REFERENCES client (username),
    certificate text REFERENCES certificate (fingerprint),
    code_digest text CHECK (length(code_digest) = 64),
    statement_jws text NOT NULL,
    at text NOT NULL,
    ${subtreesColumn}
  )`,
  `CREATE INDEX account_change_username ON account_change (username, number)`,
];

/** The checks of the triggers. The same function guards both tables, and runs for each row. */
const triggerStatements = [
  `CREATE FUNCTION refuse_other_number() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.number <> 1 + greatest(
        (SELECT coalesce(max(number), 0) FROM entry),
        (SELECT coalesce(max(number), 0) FROM account_change))
      THEN
        RAISE EXCEPTION 'a row of the ledger is appended after the last one';
      END IF;
      RETURN NEW;
    END
  $$`,
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a row of the ledger is never changed or deleted';
    END
  $$`,
  ...["entry", "account_change"].flatMap((table) => [
    `CREATE TRIGGER ${table}_appended BEFORE INSERT ON ${table}
      FOR EACH ROW EXECUTE FUNCTION refuse_other_number()`,
    `CREATE TRIGGER ${table}_unchanged BEFORE UPDATE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    `CREATE TRIGGER ${table}_kept BEFORE DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  ]),
];

const entryStatements = [
  `CREATE TABLE entry (
    number bigint NOT NULL PRIMARY KEY,
    id ${sortedText} NOT NULL UNIQUE,
    kind text NOT NULL,
    payer ${sortedText} NOT NULL REFERENCES client (username),
    payee ${sortedText} NOT NULL REFERENCES client (username),
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    memo text,
    order_digest bytea NOT NULL CHECK (length(order_digest) = 32),
    at text NOT NULL,
    payer_balance bigint NOT NULL,
    payee_balance bigint NOT NULL,
    ${subtreesColumn},
    refunds ${sortedText} REFERENCES entry (id),
    request text,
    iat bigint NOT NULL,
    exp bigint NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64),
    certificate text NOT NULL REFERENCES certificate (fingerprint),
    CHECK (payer <> payee)
  )`,
  `CREATE INDEX entry_payer ON entry (payer, number)`,
  `CREATE INDEX entry_payee ON entry (payee, number)`,
  `CREATE INDEX entry_refunds ON entry (refunds) WHERE refunds IS NOT NULL`,
  ...triggerStatements,
];

const voidedOrderStatements = [
  `CREATE TABLE voided_order (
    order_digest text NOT NULL PRIMARY KEY CHECK (length(order_digest) = 64),
    payer ${sortedText} NOT NULL,
    code bigint NOT NULL CHECK (code BETWEEN 100 AND 999),
    expires_at ${sortedText} NOT NULL,
    voided_at text NOT NULL,
    number bigint NOT NULL UNIQUE
  )`,
  `CREATE INDEX voided_order_payer ON voided_order (payer, expires_at)`,
  `CREATE TABLE void_floor (
    payer ${sortedText} NOT NULL PRIMARY KEY,
    expires_at ${sortedText} NOT NULL
  )`,
];

const invitationStatements = [
  `CREATE TABLE invitation (
    number bigint NOT NULL PRIMARY KEY,
    token_digest text NOT NULL UNIQUE CHECK (length(token_digest) = 64),
    username ${sortedText},
    balance bigint CHECK (balance BETWEEN 0 AND 9007199254740991),
    uses_max bigint NOT NULL CHECK (uses_max >= 1),
    uses bigint NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND uses_max),
    expires_at text NOT NULL,
    created_at text NOT NULL,
    revoked_at text
  )`,
];
