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
// The two halves of a history each walk their own index backwards and stop at the limit, however long the ledger is.
const side = (column: "payer" | "payee") =>
  `SELECT * FROM (
    SELECT ${entryColumns} FROM entry WHERE ${column} = ? AND number < ? ORDER BY number DESC LIMIT ?
  )`;

const sources = {
  account: `SELECT balance, fingerprint, key_fingerprint, der, issued_at
    FROM client JOIN certificate USING (username) WHERE username = ? AND revoked_at IS NULL`,
  addClient: `INSERT INTO client (username) VALUES (?)`,
  addCertificate: `INSERT INTO certificate (fingerprint, username, key_fingerprint, der, issued_at)
    VALUES (?, ?, ?, ?, ?)`,
  balance: `SELECT balance, online_status FROM client WHERE username = ?`,
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

  addEntry: `INSERT INTO entry (${entryColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  entry: `SELECT ${entryColumns} FROM entry WHERE id = ?`,
  lastEntry: `SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1`,
  history: `${side("payer")} UNION ALL ${side("payee")} ORDER BY number DESC LIMIT ?`,
  clientTotals:
    `SELECT count(*) FILTER (WHERE username <> '@issuer') AS accounts, sum(balance) AS sum FROM client`,
} as const;
