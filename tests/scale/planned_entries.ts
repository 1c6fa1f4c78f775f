/**
 * The plan of a large ledger: what each of its rows books, as a function of the row's number. So a
 * process that signs and the process that books agree without a word, and no list is kept.
 */
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import { encodeHex } from "@std/encoding/hex";
import type { EntryKind } from "../../src/ledger/entry.ts";
import type { OrderTerms } from "../../src/protocol/order.ts";
import type { Amount } from "../../src/money.ts";

/** What a plan depends on. */
export interface Plan {
  /** The first rows are the openings of these accounts. At least 2. */
  readonly accounts: number;
  /** When its first row is booked, about. */
  readonly startMs: number;
}

/** What a row books. */
export interface PlannedEntry {
  readonly terms: OrderTerms;
  readonly kind: EntryKind;
  /** The payer's place among the accounts. */
  readonly payer: number;
  readonly atMs: number;
}

/** Milliseconds between two rows. */
const stepMs = 100;

/**
 * The accounts that pay each other for `groupEntries` rows, then the next ones do. Real members are
 * active at different times, too. It also keeps the pages few that a commit writes.
 */
const groupAccounts = 50;
const groupEntries = 1000;

export const openingAmount = 1_000_000;

/** Returns the name of the account at this place, from 0. Names sort by place. */
export function accountAt(place: number): AccountName {
  return parseAccountName(`member-${String(place).padStart(6, "0")}`)!;
}

/**
 * Returns the payment or refund of a row after the openings. Every seventh has a memo. Every
 * eleventh gives back a part of the payment before it.
 */
export function plannedEntry(number: number, plan: Plan): PlannedEntry {
  const isRefund = number % 11 === 0 && number > plan.accounts + 1;
  const [payment, amount] = [isRefund ? number - 1 : number, 1 + number % 5 as Amount];
  const [from, to] = sidesOf(payment, plan);
  const payer = isRefund ? to : from;
  const terms = {
    id: plannedId(number, plan),
    payer: accountAt(payer),
    payee: accountAt(isRefund ? from : to),
    amount: isRefund ? 1 as Amount : amount,
    memo: number % 7 === 0 ? `for number ${number}` : undefined,
    refunds: isRefund ? plannedId(payment, plan) : undefined,
  };
  const kind = isRefund ? "refund" : "payment";
  return { terms, kind, payer, atMs: plannedAtMs(number, plan) };
}

export function plannedAtMs(number: number, { startMs }: Plan): number {
  return startMs + number * stepMs;
}

/** Returns the row's id: a UUIDv7 of its time, with the number in place of random bits. */
export function plannedId(number: number, plan: Plan): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(plannedAtMs(number, plan)) << 16n | 0x7000n);
  view.setBigUint64(8, 0x8000_0000_0000_0000n | BigInt(number));
  const hex = encodeHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .join("-");
}

/** Returns the places of payer and payee. */
function sidesOf(number: number, { accounts }: Plan): readonly [number, number] {
  const size = Math.min(groupAccounts, accounts);
  const first = Math.floor(number / groupEntries) * size;
  const from = number % size;
  // A step of 1 to size - 1, so that nobody pays itself.
  const to = (from + 1 + Math.floor(number / size) % (size - 1)) % size;
  return [(first + from) % accounts, (first + to) % accounts];
}
