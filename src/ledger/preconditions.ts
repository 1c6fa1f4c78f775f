/**
 * What callers of a ledger had to check before. Each function throws `TypeError`: breaking one of these is a mistake of the
 * program, and booked it could make money out of nothing or stop the storage.
 */
import { amountRule, isAmount } from "../money.ts";
import { type Booking, issuingAccount } from "./entry.ts";
import type { HistoryQuery, Registration } from "./ledger.ts";

/** @throws {TypeError} unless it can be booked and read back as it was */
export function requireBookable(booking: Booking): void {
  const refuse = (reason: string) => {
    throw new TypeError(`cannot book ${booking.id}: ${reason}`);
  };
  if (!isAmount(booking.amount)) refuse(amountRule);
  if (booking.payer === booking.payee) refuse("payer and payee are the same account");
  if (!isTime(booking.atMs)) refuse("its time is no date in whole milliseconds");
  if ((booking.kind === "refund") !== (booking.refunds !== undefined)) {
    refuse("a refund, and only a refund, names the payment that it gives back");
  }
  const texts = [booking.id, booking.kind, booking.orderJws, booking.memo ?? ""];
  if (!texts.every(isStorable)) refuse("a text in it cannot be stored as it is");
}

/** @throws {TypeError} unless the opening entry, where there is one, goes from the issuing account to the new account */
export function requireRegistrable({ name, certificate, opening }: Registration): void {
  const refuse = (reason: string) => {
    throw new TypeError(`cannot register ${name}: ${reason}`);
  };
  if (!isTime(certificate.issuedAtMs)) refuse("its certificate's time is no date");
  if (opening === undefined) return;
  requireBookable(opening);
  if (opening.kind !== "opening" || opening.payer !== issuingAccount || opening.payee !== name) {
    refuse("its opening entry is not one for it");
  }
}

/** @throws {TypeError} unless limit and position are whole numbers; SQL would take a negative limit for none */
export function requirePage({ limit, before, after }: HistoryQuery): void {
  const attempt = `cannot list ${limit} rows before ${before} after ${after}`;
  for (const value of [limit, before ?? 0, after ?? 0]) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TypeError(`${attempt}: not whole numbers from 0`);
    }
  }
  if (before !== undefined && after !== undefined) throw new TypeError(`${attempt}: not both`);
}

function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && !Number.isNaN(new Date(timeMs).getTime());
}

// A lone surrogate becomes another character in UTF-8, and some readers end a text at a NUL: the hash would not fit.
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
