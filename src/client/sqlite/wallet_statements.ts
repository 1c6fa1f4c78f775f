/**
 * The SQL of a wallet, prepared once for a connection.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

export type WalletStatements = Readonly<Record<keyof typeof sources, StatementSync>>;

export function prepareWalletStatements(database: DatabaseSync): WalletStatements {
  const prepared = Object.entries(sources).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared);
}

// Parameters are plain question marks: numbered ones that come twice are bound wrongly before Deno 2.9.
const mine = "ledger = ? AND account = ?";
const receipts = `SELECT id, receipt_jws, order_jws FROM receipt WHERE ${mine}`;

const sources = {
  pin: `SELECT ledger FROM pin WHERE server = ?`,
  setPin: `INSERT INTO pin (server, ledger) VALUES (?, ?)
    ON CONFLICT (server) DO UPDATE SET ledger = excluded.ledger`,

  order: `SELECT order_jws, state FROM open_order WHERE ${mine} AND id = ?`,
  orderIds: `SELECT id FROM open_order WHERE ${mine} ORDER BY id`,
  setOrder: `INSERT OR REPLACE INTO open_order
    (ledger, account, id, payer, payee, amount, memo, refunds, state, expires_at, order_jws)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'recorded', ?, ?)`,
  refuseOrder: `UPDATE open_order SET state = 'refused' WHERE ${mine} AND id = ? AND order_jws = ?`,
  removeOrder: `DELETE FROM open_order WHERE ${mine} AND id = ? AND order_jws = ?`,

  hasReceipt: `SELECT 1 FROM receipt WHERE ${mine} AND id = ?`,
  addReceipt: `INSERT INTO receipt
    (ledger, account, id, entry, kind, payer, payee, amount, memo, refunds, booked_at, receipt_jws, order_jws)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  receiptById: `${receipts} AND id = ?`,
  receiptsByEntry: `${receipts} AND entry = ? ORDER BY id`,
  receiptsAfter: `${receipts} AND id > ? ORDER BY id LIMIT ?`,

  audit: `SELECT entry, head FROM audit WHERE ${mine}`,
  setAudit: `INSERT OR REPLACE INTO audit (ledger, account, entry, head) VALUES (?, ?, ?, ?)`,
} as const;
