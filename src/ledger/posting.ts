/**
 * The arithmetic of booking, without any storage: what one entry does to two balances and to the chain.
 */
import { amountMax, amountRule, isAmount } from "../money.ts";
import {
  type Booking,
  chainHash,
  type Entry,
  entryDigest,
  type EntryParty,
  issuingAccount,
} from "./entry.ts";
import type { Registration } from "./ledger.ts";

/** Where the next entry goes: what it follows, and what both sides have before it. */
export interface PostingPlace {
  /** Number of the last entry, 0 in an empty ledger. */
  readonly lastNumber: number;
  /** Hash of the last entry, the ledger's identifier in an empty ledger. */
  readonly head: string;
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
    orderJws: booking.orderJws,
    atMs: booking.atMs,
  };
  return {
    ...contents,
    payerBalance: place.payerBalance - booking.amount,
    payeeBalance: place.payeeBalance + booking.amount,
    hash: chainHash(place.head, entryDigest(contents)),
  };
}

/**
 * Whether a booking is the order that became this entry. The time is left out: it is the server's, and an order that comes
 * again comes later.
 */
export function isSameOrder(entry: Entry, booking: Booking): boolean {
  return entry.orderJws === booking.orderJws && entry.kind === booking.kind &&
    entry.payer === booking.payer && entry.payee === booking.payee &&
    entry.amount === booking.amount && entry.memo === booking.memo;
}

/** @throws {TypeError} when a caller passes what it had to check before; booked, it would make money out of nothing */
export function requireBookable(booking: Booking): void {
  const refuse = (reason: string) => {
    throw new TypeError(`cannot book ${booking.id}: ${reason}`);
  };
  if (!isAmount(booking.amount)) refuse(amountRule);
  if (booking.payer === booking.payee) refuse("payer and payee are the same account");
  if (!Number.isFinite(new Date(booking.atMs).getTime())) refuse("its time is no date");
}

/** @throws {TypeError} when the opening entry is not one from the issuing account to the new account */
export function requireRegistrable({ name, opening }: Registration): void {
  if (opening === undefined) return;
  requireBookable(opening);
  if (opening.kind !== "opening" || opening.payer !== issuingAccount || opening.payee !== name) {
    throw new TypeError(`cannot register ${name}: its opening entry is not one for it`);
  }
}

/** The issuing account goes below zero, down to minus {@link amountMax}; nobody else does. */
function spendable(party: EntryParty, balance: number): number {
  return party === issuingAccount ? balance + amountMax : balance;
}
