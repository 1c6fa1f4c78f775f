/**
 * The arithmetic of bookings, as pure functions: how entries change balances and the chain, and how
 * account changes change the chain.
 */
import { amountMax } from "../money.ts";
import { type AccountChange, changeDigest, type RecordedChange } from "./account_change.ts";
import {
  type Booking,
  chainHash,
  type Entry,
  entryDigest,
  type EntrySide,
  issuingAccount,
} from "./entry.ts";

/** The end of the chain, which the next row follows. */
export interface ChainEnd {
  /** The number of the last row, 0 in an empty ledger. */
  readonly lastNumber: number;
  /** The hash of the last row, or the ledger's identifier in an empty ledger. */
  readonly head: string;
}

/** The place of the next entry: the end of the chain, and both balances before it. */
export interface PostingPlace extends ChainEnd {
  readonly payerBalance: number;
  readonly payeeBalance: number;
}

/**
 * Returns the entry of a booking at this place, or `undefined` when the payer has too little.
 *
 * All balances stay safe integers: members have zero or more, and together exactly the issued sum,
 * which {@link amountMax} limits.
 */
export function post(booking: Booking, place: PostingPlace): Entry | undefined {
  if (spendable(booking.payer, place.payerBalance) < booking.amount) return undefined;
  const contents = {
    number: place.lastNumber + 1,
    id: booking.id,
    kind: booking.kind,
    payer: booking.payer,
    payee: booking.payee,
    amount: booking.amount,
    ...(booking.memo === undefined ? {} : { memo: booking.memo }),
    ...(booking.refunds === undefined ? {} : { refunds: booking.refunds }),
    orderJws: booking.orderJws,
    atMs: booking.atMs,
  };
  return {
    ...contents,
    orderDigest: booking.orderDigest,
    payerBalance: place.payerBalance - booking.amount,
    payeeBalance: place.payeeBalance + booking.amount,
    hash: chainHash(place.head, entryDigest(contents)),
  };
}

/** Returns an account change at this place. */
export function placeChange(
  { previous: _, ...change }: AccountChange,
  { lastNumber, head }: ChainEnd,
): RecordedChange {
  const contents = { ...change, number: lastNumber + 1 };
  return { ...contents, hash: chainHash(head, changeDigest(contents)) };
}

/**
 * Returns whether a booking is of the same order as an entry. The time does not count, because a
 * repeated order comes later.
 */
export function isSameOrder(entry: Entry, booking: Booking): boolean {
  return entry.orderJws === booking.orderJws && entry.kind === booking.kind &&
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
  { payment, refunded }: { payment: Entry | undefined; refunded: number },
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
