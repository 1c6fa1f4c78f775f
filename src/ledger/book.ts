/** Decides what is booked, voided and recorded, over the rows of an open transaction. */
import type { AccountName } from "../account_name.ts";
import { LedgerError } from "../errors.ts";
import { voidedOrderKeptMs, voidedOrdersMax } from "../limits.ts";
import type { AccountChange, RecordedChange } from "./account_change.ts";
import { objectToBooking } from "./account_rules.ts";
import { type Booking, type Entry, isSignedByPayer, issuingAccount } from "./entry.ts";
import type { BookOutcome, Voiding, VoidOutcome } from "./ledger.ts";
import type { AccountRows, BookRows } from "./ledger_rows.ts";
import { isSameOrder, judgeRefund, placeChange, type Placed, post } from "./posting.ts";

export class Book {
  readonly #rows: BookRows;
  readonly #accounts: AccountRows;

  constructor(rows: BookRows, accounts: AccountRows) {
    this.#rows = rows;
    this.#accounts = accounts;
  }

  book(booking: Booking): BookOutcome {
    const { id, orderDigest: digest, payer, kind, exp } = booking;
    const { isBooked, voidedCode, voidFloorMs, tree } = this.#rows.place({ id, digest, payer });
    if (isBooked) {
      const entry = this.#rows.entry(id)!;
      return isSameOrder(entry, booking)
        ? { outcome: "repeated", entry }
        : { outcome: "id_conflict" };
    }
    if (voidedCode !== undefined) return { outcome: "voided", code: voidedCode };
    // Nobody voids the server's own orders.
    const isExpired = isSignedByPayer(kind) && isForgotten(exp * 1000, voidFloorMs);
    if (isExpired) return { outcome: "expired" };
    const sides = this.#accounts.sides(payer, booking.payee);
    if (sides.payer === undefined) return { outcome: "payer_unknown" };
    if (sides.payee === undefined) return { outcome: "payee_unknown" };
    const both = { payer: sides.payer, payee: sides.payee };
    const objection = objectToBooking(booking, both) ?? this.#objectToRefund(booking);
    if (objection !== undefined) return { outcome: objection };
    const [payerBalance, payeeBalance] = [both.payer.balance, both.payee.balance];
    const placed = post(booking, { tree, payerBalance, payeeBalance });
    if (placed === undefined) return { outcome: "bankrupt" };
    this.append(placed, booking);
    return { outcome: "booked", entry: placed.row };
  }

  voidOrder(voiding: Voiding): VoidOutcome {
    const { id, digest, payer, certificate, atMs, expiresAtMs } = voiding;
    const { isBooked, voidedCode, voidFloorMs } = this.#rows.place({ id, digest, payer });
    const entry = isBooked ? this.#rows.entry(id) : undefined;
    if (entry?.orderDigest === digest) return { outcome: "booked", entry };
    if (voidedCode !== undefined) return { outcome: "repeated", code: voidedCode };
    if (certificate !== this.#accounts.certificateOf(payer)) return { outcome: "unbookable" };
    if (isForgotten(expiresAtMs, voidFloorMs)) return { outcome: "expired" };
    if (!this.#makeRoom(payer, atMs)) return { outcome: "no_room" };
    this.#rows.addVoiding(voiding);
    return { outcome: "voided" };
  }

  /** Returns the opening entry, or `undefined` when the issuing account has too little left. */
  openingEntry(opening: Booking): Placed<Entry> | undefined {
    const { id, orderDigest: digest, payer, payee } = opening;
    const { isBooked, tree } = this.#rows.place({ id, digest, payer });
    if (isBooked) {
      throw new TypeError(
        `cannot register ${payee}: the id of its opening entry was used before`,
      );
    }
    const issuer = this.#accounts.sides(issuingAccount, issuingAccount).payer;
    if (issuer === undefined) {
      throw new LedgerError("cannot read the ledger: it has no issuing account");
    }
    return post(opening, { tree, payerBalance: issuer.balance, payeeBalance: 0 });
  }

  /** Appends an entry, after the certificate that its order is signed under. */
  append(placed: Placed<Entry>, { kind, certificate }: Booking): void {
    if (!isSignedByPayer(kind)) this.#accounts.recordServerCertificate(certificate);
    this.#rows.addEntry(placed);
  }

  /** Records a change. After a revocation, no order of the old certificate can be booked. */
  appendChange(change: AccountChange): RecordedChange {
    if (change.kind === "revocation") this.#rows.forgetVoidingsOf(change.name);
    const placed = placeChange(change, this.#rows.tree());
    this.#rows.addChange(placed);
    return placed.row;
  }

  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string {
    return this.#rows.lastStatement();
  }

  /**
   * Forgets the order that expired first, when the payer's room is full and it expired long enough
   * ago.
   */
  #makeRoom(payer: AccountName, atMs: number): boolean {
    if (this.#rows.countVoidings(payer) < voidedOrdersMax) return true;
    const { digest, expiresAtMs } = this.#rows.firstVoiding(payer)!;
    if (expiresAtMs + voidedOrderKeptMs >= atMs) return false;
    this.#rows.forgetVoiding(digest);
    this.#rows.raiseVoidFloor(payer, expiresAtMs);
    return true;
  }

  #objectToRefund(booking: Booking): ReturnType<typeof judgeRefund> {
    const { refunds } = booking;
    if (refunds === undefined) return undefined;
    return judgeRefund(booking, {
      payment: this.#rows.contents(refunds),
      refunded: this.#rows.sumRefunds(refunds),
    });
  }
}

/** Returns whether an order may have been void and forgotten. */
function isForgotten(expiresAtMs: number, voidFloorMs: number | undefined): boolean {
  return voidFloorMs !== undefined && expiresAtMs <= voidFloorMs;
}
