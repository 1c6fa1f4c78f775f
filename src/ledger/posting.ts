/**
 * The arithmetic of bookings, as pure functions: how entries change the balances, and how entries
 * and account changes grow the Merkle tree.
 */
import { amountMax } from "../money.ts";
import { type AccountChange, changeLeaf, type RecordedChange } from "./account_change.ts";
import {
  type Booking,
  type Entry,
  type EntryContents,
  entryLeaf,
  type EntrySide,
  issuingAccount,
} from "./entry.ts";
import { appendLeaf, type CompactRange, rootOf } from "./merkle_tree.ts";

/** The place of the next entry: after the leaves of a tree, with both balances before it. */
export interface PostingPlace {
  readonly tree: CompactRange;
  readonly payerBalance: number;
  readonly payeeBalance: number;
}

/** A row, and what it adds to the tree. */
export interface Placed<Row> {
  readonly row: Row;
  /** The roots of the subtrees that it completes: its leaf, then larger ones. */
  readonly subtrees: readonly string[];
}

/**
 * Returns the entry of a booking at this place, or `undefined` when the payer has too little.
 *
 * All balances stay safe integers: members have zero or more, and together exactly the issued sum,
 * which {@link amountMax} limits.
 */
export function post(booking: Booking, place: PostingPlace): Placed<Entry> | undefined {
  const { certificate } = booking;
  if (spendable(booking.payer, place.payerBalance) < booking.amount) return undefined;
  const contents = { ...booking, number: place.tree.size + 1 };
  const leaf = entryLeaf(contents);
  const { tree, completed: subtrees } = appendLeaf(place.tree, leaf);
  const row = {
    ...contents,
    certificate: { fingerprint: certificate.fingerprint, der: certificate.der },
    payerBalance: place.payerBalance - booking.amount,
    payeeBalance: place.payeeBalance + booking.amount,
    leaf,
    head: rootOf(tree),
  };
  return { row, subtrees };
}

/** Returns an account change after the leaves of a tree. */
export function placeChange(
  { previous: _, ...change }: AccountChange,
  before: CompactRange,
): Placed<RecordedChange> {
  const contents = { ...change, number: before.size + 1 };
  const leaf = changeLeaf(contents);
  const { completed: subtrees } = appendLeaf(before, leaf);
  return { row: { ...contents, leaf }, subtrees };
}

/**
 * Returns whether a booking is of the same order as an entry. The time does not count, because a
 * repeated order comes later.
 */
export function isSameOrder(entry: Entry, booking: Booking): boolean {
  return entry.orderDigest === booking.orderDigest && entry.kind === booking.kind &&
    entry.payer === booking.payer && entry.payee === booking.payee &&
    entry.amount === booking.amount && entry.memo === booking.memo &&
    entry.refunds === booking.refunds;
}

/**
 * Returns why a refund is not valid, or `undefined` when it returns a payment between the same two
 * within its amount.
 *
 * @param options.payment the refunded entry, if it exists
 * @param options.refunded the sum of earlier refunds of it
 */
export function judgeRefund(
  booking: Booking,
  { payment, refunded }: { payment: EntryContents | undefined; refunded: number },
): "payment_unknown" | "refund_exceeds" | undefined {
  const isReverse = payment?.kind === "payment" && payment.payer === booking.payee &&
    payment.payee === booking.payer;
  if (!isReverse) return "payment_unknown";
  return booking.amount > payment.amount - refunded ? "refund_exceeds" : undefined;
}

/**
 * Returns what a side can spend. Only the issuing account goes below zero, down to minus {@link
 * amountMax}.
 */
function spendable(side: EntrySide, balance: number): number {
  return side === issuingAccount ? balance + amountMax : balance;
}
