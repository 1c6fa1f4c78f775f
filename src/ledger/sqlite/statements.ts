/**
 * The SQL of the ledger, prepared once for a connection.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { entryColumns, presenceColumns } from "./rows.ts";

export type Statements = Readonly<Record<keyof typeof sources, StatementSync>>;

export function prepareStatements(database: DatabaseSync): Statements {
  const prepared = Object.entries(sources).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared);
}

// Parameters are plain question marks: numbered ones that come twice are bound wrongly before Deno 2.9.
// The two halves of a history each walk their own index and stop at the limit, however long the ledger is.
const side = (column: "payer" | "payee", onward: string) =>
  `SELECT * FROM (SELECT ${entryColumns} FROM entry WHERE ${column} = ? AND ${onward} LIMIT ?)`;
const backward = "number < ? ORDER BY number DESC";
const forward = "number > ? ORDER BY number";

const sources = {
  account: `SELECT balance, closed_at, fingerprint, key_fingerprint, der, issued_at
    FROM client
    LEFT JOIN certificate ON certificate.username = client.username AND revoked_at IS NULL
    LEFT JOIN closure ON closure.username = client.username
    WHERE client.username = ? AND client.username <> '@issuer'`,
  addClient: `INSERT INTO client (username) VALUES (?)`,
  addCertificate: `INSERT INTO certificate (fingerprint, username, key_fingerprint, der, issued_at)
    VALUES (?, ?, ?, ?, ?)`,
  balance: `SELECT balance FROM client WHERE username = ?`,
  closure: `SELECT closed_at FROM closure WHERE username = ?`,
  close: `INSERT INTO closure (username, closed_at) VALUES (?, ?)`,
  revoke: `UPDATE certificate SET revoked_at = ? WHERE username = ? AND revoked_at IS NULL`,
  revokedKey:
    `SELECT 1 FROM certificate WHERE username = ? AND key_fingerprint = ? AND revoked_at IS NOT NULL`,
  expectReissue: `INSERT INTO reissue (username, code_digest, created_at) VALUES (?, ?, ?)
    ON CONFLICT (username) DO UPDATE SET code_digest = excluded.code_digest, created_at = excluded.created_at`,
  expectedReissue: `SELECT code_digest FROM reissue WHERE username = ?`,
  endReissue: `DELETE FROM reissue WHERE username = ?`,
  setBalance: `UPDATE client SET balance = ? WHERE username = ?`,

  bringOnline:
    `UPDATE client SET ip = ?, public_port = ?, private_port = ?, online_status = 1 WHERE username = ?`,
  takeOffline:
    `UPDATE client SET ip = NULL, public_port = NULL, private_port = NULL, online_status = 0
    WHERE username = ? AND online_status = 1`,
  takeAllOffline:
    `UPDATE client SET ip = NULL, public_port = NULL, private_port = NULL, online_status = 0
    WHERE online_status = 1`,
  presence: `SELECT ${presenceColumns} FROM client WHERE username = ? AND online_status = 1`,
  online: `SELECT ${presenceColumns} FROM client
    WHERE online_status = 1 AND username > ? ORDER BY username LIMIT ?`,
  onlineCount: `SELECT count(*) AS count FROM client WHERE online_status = 1`,

  addEntry: `INSERT INTO entry (${entryColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  entry: `SELECT ${entryColumns} FROM entry WHERE id = ?`,
  lastEntry: `SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1`,
  historyBefore: `${side("payer", backward)} UNION ALL ${
    side("payee", backward)
  } ORDER BY number DESC LIMIT ?`,
  historyAfter: `${side("payer", forward)} UNION ALL ${
    side("payee", forward)
  } ORDER BY number LIMIT ?`,
  entriesAfter: `SELECT ${entryColumns} FROM entry WHERE number > ? ORDER BY number LIMIT ?`,
  headAt: `SELECT hash FROM entry WHERE number = ?`,
  refunded: `SELECT coalesce(sum(amount), 0) AS sum FROM entry WHERE refunds = ?`,
  voidedCode: `SELECT code FROM voided_order WHERE order_digest = ?`,
  addVoiding:
    `INSERT INTO voided_order (order_digest, payer, code, expires_at, voided_at) VALUES (?, ?, ?, ?, ?)`,
  voidingCount: `SELECT count(*) AS count FROM voided_order WHERE payer = ?`,
  firstVoiding:
    `SELECT order_digest, expires_at FROM voided_order WHERE payer = ? ORDER BY expires_at LIMIT 1`,
  forgetVoiding: `DELETE FROM voided_order WHERE order_digest = ?`,
  voidFloor: `SELECT expires_at FROM void_floor WHERE payer = ?`,
  raiseVoidFloor: `INSERT INTO void_floor (payer, expires_at) VALUES (?, ?)
    ON CONFLICT (payer) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`,
  revision: `PRAGMA data_version`,
  accountCount: `SELECT count(*) AS accounts FROM client WHERE username <> '@issuer'`,
  clientTotals:
    `SELECT count(*) FILTER (WHERE username <> '@issuer') AS accounts, sum(balance) AS sum FROM client`,
} as const;
