/**
 * What a wallet's file knows by name, for completion.
 */
import { completedPaymentsMax } from "../../limits.ts";
import { textIn, type WalletTransactions } from "./wallet_statements.ts";

/** A server address, and the ledger that is pinned for it. */
export interface KnownServer {
  /** `host:port` */
  readonly server: string;
  readonly ledger: string;
}

/** A payment of an account, booked or open. */
export interface KnownPayment {
  /** Absent while its outcome is open. */
  readonly entry?: number | undefined;
  readonly id: string;
  readonly payer: string;
  readonly payee: string;
  readonly amount: number;
}

/** @returns the servers whose ledger is pinned */
export function knownServers(store: WalletTransactions): Promise<KnownServer[]> {
  return store.read<KnownServer[]>((sql) =>
    sql.pins.all().map((row) => ({
      server: textIn(row, "server", store),
      ledger: textIn(row, "ledger", store),
    })), []);
}

/** @returns the open orders and the newest payments of an account */
export function knownPayments(
  store: WalletTransactions,
  { ledger, name }: { readonly ledger: string; readonly name: string },
): Promise<KnownPayment[]> {
  return store.read<KnownPayment[]>((sql) =>
    [
      ...sql.openPayments.all(ledger, name),
      ...sql.newestPayments.all(ledger, name, completedPaymentsMax),
    ].map((row) => ({
      entry: typeof row.entry === "number" ? row.entry : undefined,
      id: textIn(row, "id", store),
      payer: textIn(row, "payer", store),
      payee: textIn(row, "payee", store),
      amount: Number(row.amount),
    })), []);
}
