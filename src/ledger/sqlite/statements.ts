/** The ledger's SQL statements, prepared once for a connection. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { certificateColumns, changeColumns, entryColumns, presenceColumns } from "../rows.ts";
import { certificateSelection, changeSelection, entrySelection } from "./selections.ts";
import { wholeText } from "../../sqlite/whole_text.ts";

export type Statements = Readonly<Record<keyof typeof sources, StatementSync>>;

/** Prepares all statements on a connection. */
export function prepareStatements(database: DatabaseSync): Statements {
  const prepared = Object.entries(sources).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared);
}

// Each half of a history uses its own index and stops at the limit, however long the ledger is.
const side = (column: "payer" | "payee", onward: string) =>
  `SELECT * FROM (SELECT ${entrySelection} FROM entry WHERE ${column} = ? AND ${onward} LIMIT ?)`;
const backward = "number < ? ORDER BY number DESC";
const forward = "number > ? ORDER BY number";

const lastNumber = `max(
    (SELECT coalesce(max(number), 0) FROM entry),
    (SELECT coalesce(max(number), 0) FROM account_change))`;

/** The root of the largest subtree that a row of `ending` ends, in hexadecimal digits. */
const lastHash = `lower(hex(coalesce(
          (SELECT substr(subtrees, -32) FROM entry WHERE entry.number = ending.number),
          (SELECT substr(subtrees, -32) FROM account_change
            WHERE account_change.number = ending.number), '')))`;

/** Clearing the lowest one bit of a row's number gives the row before its largest subtree. */
const endBefore = `SELECT number & (number - 1) FROM ending WHERE number > 0`;

/**
 * The tree of all rows as a compact range: their number, and the roots of its subtrees in
 * hexadecimal digits.
 */
const tree = `SELECT size, (
      WITH RECURSIVE ending (number) AS (SELECT size UNION ALL ${endBefore})
      SELECT group_concat(${lastHash}, '' ORDER BY number) FROM ending
    ) AS subtrees FROM (SELECT ${lastNumber} AS size)`;

const invitationSelection = `number, balance, uses_max, uses, ${
  ["token_digest", "username", "expires_at", "created_at", "revoked_at"].map(wholeText).join(", ")
}`;

const offline =
  "ip = NULL, public_port = NULL, private_port = NULL, server = NULL, asked_to_leave = 0, online_status = 0";

const sources = {
  leftByAccount: `SELECT 1 FROM entry WHERE payer = ? UNION ALL SELECT 1 FROM entry WHERE payee = ?
    UNION ALL SELECT 1 FROM account_change WHERE username = ?
    UNION ALL SELECT 1 FROM certificate WHERE username = ? LIMIT 1`,
  certificate: `SELECT ${certificateSelection} FROM certificate
    WHERE username = ? AND fingerprint = ?`,
  certificateBy: `SELECT ${certificateSelection} FROM certificate WHERE fingerprint = ?`,
  keyOf: `SELECT 1 FROM certificate WHERE username = ? AND key_fingerprint = ?`,
  addClient: `INSERT INTO client (username) VALUES (?)`,
  addCertificate: `INSERT INTO certificate (${certificateColumns})
    VALUES (?, ?, ?, ?, ?)`,
  recordServerCertificate: `INSERT INTO certificate (${certificateColumns})
    VALUES (?, '@issuer', ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING`,
  sides: `SELECT username, balance, ${wholeText("kind")}, ${wholeText("certificate")},
      ${wholeText("fingerprints")}
    FROM (
      SELECT client.username, client.balance, change.kind, change.certificate,
        (SELECT group_concat(fingerprint, ' ') FROM certificate
          WHERE username = client.username) AS fingerprints
      FROM client LEFT JOIN account_change AS change ON change.number = (
        SELECT number FROM account_change
        WHERE username = client.username ORDER BY number DESC LIMIT 1)
      WHERE client.username IN (?, ?))`,
  setBalances: `UPDATE client SET balance = CASE username WHEN ? THEN ? ELSE ? END
    WHERE username IN (?, ?)`,

  bringOnline: `UPDATE client SET ip = ?, public_port = ?, private_port = ?, server = ?,
      asked_to_leave = 0, online_status = 1 WHERE username = ?`,
  takeOffline: `UPDATE client SET ${offline}
    WHERE username = ? AND online_status = 1 AND server = coalesce(?, server)`,
  takeAllOffline: `UPDATE client SET ${offline} WHERE online_status = 1`,
  askToLeave: `UPDATE client SET asked_to_leave = 1
    WHERE username = ? AND online_status = 1 AND asked_to_leave = 0`,
  leaveRequests: `SELECT username FROM client WHERE server = ? AND asked_to_leave = 1`,
  considerLeaveRequests:
    `UPDATE client SET asked_to_leave = 2 WHERE server = ? AND asked_to_leave = 1`,
  stayOnline: `UPDATE client SET asked_to_leave = 0 WHERE username = ? AND server = ?`,
  presence: `SELECT ${presenceColumns}, asked_to_leave FROM client
    WHERE username = ? AND online_status = 1`,
  online: `SELECT ${presenceColumns} FROM client
    WHERE online_status = 1 AND username > ? ORDER BY username LIMIT ?`,
  onlineCount: `SELECT count(*) AS count FROM client WHERE online_status = 1`,

  addEntry: `INSERT INTO entry (${entryColumns}) 
    VALUES (?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?, ?, unhex(?), ?, ?, ?, ?, ?, ?)`,
  entry: `SELECT ${entrySelection} FROM entry WHERE id = ?`,
  tree,
  // The roots of all subtrees of the trees of these sizes, each once.
  roots: `WITH RECURSIVE ending (number) AS (SELECT value FROM json_each(?) UNION ${endBefore})
    SELECT number, ${lastHash} AS root FROM ending WHERE number > 0`,
  // All that decides about an order, except what its sides say.
  orderPlace: `SELECT tree.*,
      EXISTS (SELECT 1 FROM entry WHERE id = ?) AS is_booked,
      (SELECT code FROM voided_order WHERE order_digest = ?) AS code,
      (SELECT expires_at FROM void_floor WHERE payer = ?) AS expires_at
    FROM (${tree}) AS tree`,
  historyBefore: `${side("payer", backward)} UNION ALL ${
    side("payee", backward)
  } ORDER BY number DESC LIMIT ?`,
  historyAfter: `${side("payer", forward)} UNION ALL ${
    side("payee", forward)
  } ORDER BY number LIMIT ?`,
  node: `SELECT lower(hex(substr(subtrees, 32 * :level + 1, 32))) AS hash FROM (
      SELECT subtrees FROM entry WHERE number = :number
      UNION ALL SELECT subtrees FROM account_change WHERE number = :number)`,
  lastNumber: `SELECT ${lastNumber} AS number`,
  entryCount: `SELECT count(*) AS count FROM entry`,
  // One statement, so that another process cannot append a row between two reads.
  numbering: `SELECT last, count = last AND first = 1
      AND NOT EXISTS (SELECT 1 FROM account_change CROSS JOIN entry USING (number)) AS is_whole
    FROM (SELECT ${lastNumber} AS last,
      (SELECT count(*) FROM entry) + (SELECT count(*) FROM account_change) AS count,
      min((SELECT coalesce(min(number), 1) FROM entry),
        (SELECT coalesce(min(number), 1) FROM account_change)) AS first)`,
  missingNumber: `WITH taken (number) AS
      (SELECT 0 UNION ALL SELECT number FROM entry NOT INDEXED
        UNION ALL SELECT number FROM account_change NOT INDEXED)
    SELECT number + 1 AS number FROM taken
    WHERE number >= 0
      AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.number = taken.number + 1)
      AND NOT EXISTS (SELECT 1 FROM account_change WHERE account_change.number = taken.number + 1)
    ORDER BY taken.number LIMIT 1`,
  addChange: `INSERT INTO account_change (${changeColumns})
    VALUES (?, ?, ?, ?, ?, ?, ?, unhex(?))`,
  lastChangeOf: `SELECT ${changeSelection} FROM account_change
    WHERE username = ? ORDER BY number DESC LIMIT 1`,
  lastStatement: `SELECT statement_jws FROM account_change ORDER BY number DESC LIMIT 1`,
  changesAfter: `SELECT ${changeSelection} FROM account_change
    WHERE number > ? ORDER BY number LIMIT ?`,
  refunded: `SELECT coalesce(sum(amount), 0) AS sum FROM entry WHERE refunds = ?`,
  addVoiding:
    `INSERT INTO voided_order (order_digest, payer, code, expires_at, voided_at) VALUES (?, ?, ?, ?, ?)`,
  voidingCount: `SELECT count(*) AS count FROM voided_order WHERE payer = ?`,
  firstVoiding:
    `SELECT order_digest, expires_at FROM voided_order WHERE payer = ? ORDER BY expires_at LIMIT 1`,
  forgetVoidingsOf: `DELETE FROM voided_order WHERE payer = ?`,
  forgetVoiding: `DELETE FROM voided_order WHERE order_digest = ?`,
  raiseVoidFloor: `INSERT INTO void_floor (payer, expires_at) VALUES (?, ?)
    ON CONFLICT (payer) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`,
  addInvitation: `INSERT INTO invitation
    (token_digest, username, balance, uses_max, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
  invitation: `SELECT ${invitationSelection} FROM invitation WHERE token_digest = ?`,
  invitationsAfter: `SELECT ${invitationSelection} FROM invitation
    WHERE number > ? ORDER BY number LIMIT ?`,
  useInvitation: `UPDATE invitation SET uses = uses + 1 WHERE token_digest = ?`,
  revokeInvitation: `UPDATE invitation SET revoked_at = coalesce(revoked_at, ?) WHERE number = ?`,
  revision: `PRAGMA data_version`,
  accountCount: `SELECT count(*) AS accounts FROM client WHERE username <> '@issuer'`,
  clientTotals:
    `SELECT count(*) FILTER (WHERE username <> '@issuer') AS accounts, sum(balance) AS sum FROM client`,
} as const;
