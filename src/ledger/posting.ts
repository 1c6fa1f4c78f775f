/**
 * The arithmetic of booking, without any storage: what one entry does to two balances and to the chain, and what one account
 * change does to the chain.
 */
import { amountMax } from "../money.ts";
import { type AccountChange, changeDigest, type RecordedChange } from "./account_change.ts";
import {
  type Booking,
  chainHash,
  type Entry,
  entryDigest,
  type EntryParty,
  issuingAccount,
} from "./entry.ts";

/** The end of the chain, which the next entry or account change follows. */
export interface ChainEnd {
  /** Number of the last row, 0 in an empty ledger. */
  readonly lastNumber: number;
  /** Hash of the last row, the ledger's identifier in an empty ledger. */
  readonly head: string;
}

/** Where the next entry goes: what it follows, and what both sides have before it. */
export interface PostingPlace extends ChainEnd {
  readonly payerBalance: number;
  readonly payeeBalance: number;
}

/**
 * The entry that a booking becomes at this place.
 *
 * No balance can leave the safe integers: members have zero or more, together exactly what was issued, and that is bounded
 * by {@link amountMax}.
 *
 * @returns `undefined` when the payer has less than the amount
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

/** The account change in its place. */
export function placeChange(
  { previous: _, ...change }: AccountChange,
  { lastNumber, head }: ChainEnd,
): RecordedChange {
  const contents = { ...change, number: lastNumber + 1 };
  return { ...contents, hash: chainHash(head, changeDigest(contents)) };
}

/**
 * Whether a booking is the order that became this entry. The time is left out: it is the server's, and an order that comes
 * again comes later.
 */
export function isSameOrder(entry: Entry, booking: Booking): boolean {
  return entry.orderJws === booking.orderJws && entry.kind === booking.kind &&
    entry.payer === booking.payer && entry.payee === booking.payee &&
    entry.amount === booking.amount && entry.memo === booking.memo &&
    entry.refunds === booking.refunds;
}

/**
 * Whether a refund is one: of a payment that went the other way between the same two, and within its amount.
 *
 * @param payment the entry that is refunded, if there is one
 * @param refunded what was given back of it before
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

/** The issuing account goes below zero, down to minus {@link amountMax}; nobody else does. */
function spendable(party: EntryParty, balance: number): number {
  return party === issuingAccount ? balance + amountMax : balance;
}
