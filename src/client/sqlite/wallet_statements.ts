/**
 * The SQL of a wallet, prepared once for a connection.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { FileError } from "../../errors.ts";
import { wholeText } from "../../sqlite/whole_text.ts";

export type WalletStatements = Readonly<Record<keyof typeof sources, StatementSync>>;

/** Reads or changes rows. It runs without a pause. */
export type Action<Result> = (sql: WalletStatements) => Result;

/** A wallet's file, as the parts of an account use it. */
export interface WalletTransactions {
  /** For messages. */
  readonly file: string;
  /**
   * Runs an action in the next transaction. An action that throws is undone alone.
   *
   * @throws {FileError} when it cannot be written, or the file cannot be made
   */
  write<Result>(action: Action<Result>): Promise<Result>;
  /**
   * Runs an action on what is kept now.
   *
   * @returns what the action returns; `missing` when there is no file
   * @throws {FileError} when it cannot be read
   */
  read<Result>(action: Action<Result>, missing: Result): Promise<Result>;
}

export abstract class AccountPart {
  protected readonly store: WalletTransactions;
  protected readonly owner: readonly [ledger: string, account: string];

  constructor(store: WalletTransactions, owner: readonly [ledger: string, account: string]) {
    this.store = store;
    this.owner = owner;
  }
}

export function prepareWalletStatements(database: DatabaseSync): WalletStatements {
  const prepared = Object.entries(sources).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared);
}

/**
 * Returns a text of a row.
 *
 * @throws {FileError} when it holds a NUL, which this program never writes
 */
export function textIn(
  row: Record<string, SQLOutputValue>,
  column: string,
  { file }: { readonly file: string },
): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new FileError(
    `read ${file}: a value of the column ${column} is no text; ` +
      `find it with sqlite3 (WHERE instr(${column}, char(0))) and delete its row`,
  );
}

// Parameters are plain question marks. Deno before 2.9 binds a numbered one that comes twice
// wrongly.
const mine = "ledger = ? AND account = ?";
const receipts = `SELECT ${["id", "receipt_jws", "order_jws"].map(wholeText).join(", ")}
  FROM receipt WHERE ${mine}`;

const sources = {
  pin: `SELECT ${wholeText("ledger")} FROM pin WHERE server = ?`,
  serversOf: `SELECT ${wholeText("server")} FROM pin WHERE ledger = ? ORDER BY pin.server`,
  setPin: `INSERT INTO pin (server, ledger) VALUES (?, ?)
    ON CONFLICT (server) DO UPDATE SET ledger = excluded.ledger`,

  pins: `SELECT ${["server", "ledger"].map(wholeText).join(", ")} FROM pin ORDER BY pin.server`,
  joinedLedgers: `SELECT ${["name", "ledger", "servers", "account"].map(wholeText).join(", ")}
    FROM joined_ledger ORDER BY number DESC`,
  // Replacing the row of the same ledger gives it the greatest number.
  joinLedger: `INSERT OR REPLACE INTO joined_ledger (number, name, ledger, servers, account)
    VALUES ((SELECT coalesce(max(number), 0) + 1 FROM joined_ledger), ?, ?, ?, ?)`,
  renameLedger: `UPDATE joined_ledger SET name = ? WHERE name = ?`,
  forgetLedger: `DELETE FROM joined_ledger WHERE name = ?`,
  forgetPin: `DELETE FROM pin WHERE server = ? AND ledger = ?`,

  openPayments: `SELECT ${["id", "payer", "payee"].map(wholeText).join(", ")}, amount
    FROM open_order WHERE ${mine}`,
  newestPayments: `SELECT ${["id", "payer", "payee"].map(wholeText).join(", ")}, amount, entry
    FROM receipt WHERE ${mine} ORDER BY entry DESC LIMIT ?`,

  order: `SELECT ${wholeText("order_jws")}, ${wholeText("state")}
    FROM open_order WHERE ${mine} AND id = ?`,
  orderIds: `SELECT ${wholeText("id")} FROM open_order WHERE ${mine} ORDER BY open_order.id`,
  addOrder: `INSERT INTO open_order
    (ledger, account, id, payer, payee, amount, memo, refunds, expires_at, order_jws, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'recorded')`,
  refuseOrder: `UPDATE open_order SET state = 'refused' WHERE ${mine} AND id = ? AND order_jws = ?`,
  removeOrder: `DELETE FROM open_order WHERE ${mine} AND id = ? AND order_jws = ?`,

  hasReceipt: `SELECT 1 FROM receipt WHERE ${mine} AND id = ?`,
  countReceipts: `SELECT count(*) AS count FROM receipt WHERE ${mine}`,
  hasOrder: `SELECT 1 FROM open_order WHERE ${mine} AND id = ? AND order_jws = ?`,
  addReceipt: `INSERT INTO receipt
    (ledger, account, id, entry, kind, payer, payee, amount, memo, refunds, booked_at, receipt_jws, order_jws)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  receiptById: `${receipts} AND id = ?`,
  receiptsByEntry: `${receipts} AND entry = ? ORDER BY receipt.id`,
  receiptsAfter: `${receipts} AND receipt.id > ? ORDER BY receipt.id LIMIT ?`,
  auditableAfter: `${receipts} AND audited < 2 AND receipt.id > ? ORDER BY receipt.id LIMIT ?`,
  unauditedAfter: `${receipts} AND audited = 0 AND receipt.id > ? ORDER BY receipt.id LIMIT ?`,
  markAudited: `UPDATE receipt SET audited = 1 WHERE ${mine} AND id = ? AND audited = 0`,
  unmarkAudited: `UPDATE receipt SET audited = 0 WHERE ${mine} AND audited = 1`,
  giveUpReceipt: `UPDATE receipt SET audited = 2 WHERE ${mine} AND id = ?`,

  addRequest: `INSERT INTO payment_request
    (ledger, account, id, amount, memo, payer, expires_at, request_jws)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  // The rowid grows with each request.
  listedRequests: `SELECT ${wholeText("request_jws")} FROM payment_request WHERE ${mine}
    ORDER BY payment_request.expires_at > ? AND NOT EXISTS (SELECT 1 FROM receipt
      WHERE (receipt.ledger, receipt.account, receipt.id) =
        (payment_request.ledger, payment_request.account, payment_request.id)) DESC,
      payment_request.rowid DESC LIMIT ?`,

  limits: `SELECT per_payment, per_day FROM payment_limit WHERE ${mine}`,
  setLimits: `INSERT OR REPLACE INTO payment_limit (ledger, account, per_payment, per_day)
    VALUES (?, ?, ?, ?)`,
  // total() returns a floating-point number, and cannot overflow.
  paidSince: `SELECT total(amount) AS amount FROM receipt
    WHERE ${mine} AND payer = account AND kind <> 'withdrawal' AND booked_at > ?`,
  openAmount: `SELECT total(amount) AS amount FROM open_order
    WHERE ${mine} AND payer = account AND state = 'recorded' AND id <> ?`,

  audit: `SELECT entry, ${
    ["head", "checkpoint", "certificate"].map(wholeText).join(", ")
  }, accepted_at
    FROM audit WHERE ${mine}`,
  setAudit: `INSERT OR REPLACE INTO audit
    (ledger, account, entry, head, checkpoint, certificate, accepted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
} as const;
