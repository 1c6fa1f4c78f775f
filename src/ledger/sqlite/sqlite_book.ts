/**
 * The book in the database: entries, balances, account changes and the chain. All methods run
 * inside the open transaction.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import {
  type AccountChange,
  changeDigest,
  type LinkedChange,
  type RecordedChange,
  statementDigest,
} from "../account_change.ts";
import { objectToBooking } from "../account_rules.ts";
import { type Booking, type Entry, entryDigest, type EntrySide, issuingAccount } from "../entry.ts";
import { voidedOrderKeptMs, voidedOrdersMax } from "../../limits.ts";
import type {
  BookingConditions,
  BookOutcome,
  ChainPart,
  HistoryQuery,
  Voiding,
  VoidOutcome,
} from "../ledger.ts";
import { type ChainEnd, isSameOrder, judgeRefund, placeChange, post } from "../posting.ts";
import {
  changeFromRow,
  contentsFromRow,
  entryFromRow,
  integerIn,
  type Row,
  rowFromChange,
  rowFromEntry,
  textIn,
  timeIn,
  timeText,
} from "./rows.ts";
import type { SqliteAccounts } from "./sqlite_accounts.ts";
import type { Statements } from "./statements.ts";

/** Reads and appends entries and account changes. */
export class SqliteBook {
  readonly #sql: Statements;
  readonly #accounts: SqliteAccounts;
  readonly #ledgerId: string;
  readonly #file: string;

  constructor(
    statements: Statements,
    options: { accounts: SqliteAccounts; ledgerId: string; file: string },
  ) {
    this.#sql = statements;
    this.#accounts = options.accounts;
    this.#ledgerId = options.ledgerId;
    this.#file = options.file;
  }

  book(booking: Booking, { expiresAtMs }: BookingConditions = {}): BookOutcome {
    const { id, orderDigest: digest, payer } = booking;
    const { isBooked, voidedCode, voidFloorMs, end } = this.#place({ id, digest, payer });
    if (isBooked) {
      const entry = this.entry(id)!;
      return isSameOrder(entry, booking)
        ? { outcome: "repeated", entry }
        : { outcome: "id_conflict" };
    }
    if (voidedCode !== undefined) return { outcome: "voided", code: voidedCode };
    if (isForgotten(expiresAtMs, voidFloorMs)) return { outcome: "expired" };
    const sides = this.#accounts.sides(payer, booking.payee);
    if (sides.payer === undefined) return { outcome: "payer_unknown" };
    if (sides.payee === undefined) return { outcome: "payee_unknown" };
    const both = { payer: sides.payer, payee: sides.payee };
    const objection = objectToBooking(booking, both) ?? this.#objectToRefund(booking);
    if (objection !== undefined) return { outcome: objection };
    const [payerBalance, payeeBalance] = [both.payer.balance, both.payee.balance];
    const entry = post(booking, { ...end, payerBalance, payeeBalance });
    if (entry === undefined) return { outcome: "bankrupt" };
    this.append(entry);
    return { outcome: "booked", entry };
  }

  voidOrder(voiding: Voiding): VoidOutcome {
    const { id, digest, payer, certificate, code, atMs, expiresAtMs } = voiding;
    const { isBooked, voidedCode, voidFloorMs } = this.#place({ id, digest, payer });
    const entry = isBooked ? this.entry(id) : undefined;
    if (entry?.orderDigest === digest) return { outcome: "booked", entry };
    if (voidedCode !== undefined) return { outcome: "repeated", code: voidedCode };
    if (certificate !== this.#accounts.certificateOf(payer)) return { outcome: "unbookable" };
    if (isForgotten(expiresAtMs, voidFloorMs)) return { outcome: "expired" };
    if (!this.#makeRoom(payer, atMs)) return { outcome: "no_room" };
    this.#sql.addVoiding.run(digest, payer, code, timeText(expiresAtMs), timeText(atMs));
    return { outcome: "voided" };
  }

  /** Returns the opening entry, or `undefined` when the issuing account has too little left. */
  openingEntry(opening: Booking): Entry | undefined {
    if (this.entry(opening.id) !== undefined) {
      throw new TypeError(
        `cannot register ${opening.payee}: the id of its opening entry was used before`,
      );
    }
    const payerBalance = this.#balance(issuingAccount);
    if (payerBalance === undefined) {
      throw new LedgerError(`cannot read the ledger ${this.#file}: it has no issuing account`);
    }
    return post(opening, { ...this.last(), payerBalance, payeeBalance: 0 });
  }

  append(entry: Entry): void {
    this.#sql.addEntry.run(...rowFromEntry(entry));
    const { payer, payerBalance, payee, payeeBalance } = entry;
    this.#sql.setBalances.run(payer, payerBalance, payeeBalance, payer, payee);
  }

  entry(id: string): Entry | undefined {
    const row = this.#sql.entry.get(id);
    return row && entryFromRow(row);
  }

  sumRefunds(id: string): number {
    return integerIn(this.#sql.refunded.get(id)!, "sum");
  }

  history(name: AccountName, query: HistoryQuery): Entry[] {
    const { limit, after, before = Number.MAX_SAFE_INTEGER } = query;
    const half = [name, after ?? before, limit];
    const statement = after === undefined ? this.#sql.historyBefore : this.#sql.historyAfter;
    return statement.all(...half, ...half, limit).map(entryFromRow);
  }

  /** Records a change. After a revocation, no order of the old certificate can be booked. */
  appendChange(change: AccountChange): RecordedChange {
    if (change.kind === "revocation") this.#sql.forgetVoidingsOf.run(change.name);
    const recorded = placeChange(change, this.last());
    this.#sql.addChange.run(...rowFromChange(recorded));
    return recorded;
  }

  changes({ after, limit }: { readonly after: number; readonly limit: number }): LinkedChange[] {
    return this.#sql.changesAfter.all(after, limit).map((row) => {
      const change = changeFromRow(row);
      const headBefore = this.#headAt(change.number - 1);
      return { change, ...(headBefore !== undefined && { headBefore }) };
    });
  }

  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string {
    const row = this.#sql.lastStatement.get();
    return row === undefined ? this.#ledgerId : statementDigest(textIn(row, "statement_jws"));
  }

  chain({ after, limit }: { readonly after: number; readonly limit: number }): ChainPart {
    const { lastNumber, head } = this.last();
    if (after >= lastNumber) return { head, digests: [] };
    const rows = [
      ...this.#sql.entriesAfter.all(after, limit).map(contentsFromRow),
      ...this.#sql.changesAfter.all(after, limit).map(changeFromRow),
    ].sort((one, other) => one.number - other.number).slice(0, limit);
    const before = this.#headAt(after);
    const hole = rows.findIndex(({ number }, index) => number !== after + 1 + index);
    if (before === undefined || hole >= 0) {
      const number = before === undefined ? after : after + 1 + hole;
      throw new LedgerError(
        `cannot read the ledger ${this.#file}: its row number ${number} is missing; audit it`,
      );
    }
    const digests = rows.map((row) => "orderJws" in row ? entryDigest(row) : changeDigest(row));
    return { head: before, digests };
  }

  /** Returns the number and hash of the last row, or 0 and the ledger's identifier. */
  last(): ChainEnd {
    return this.#endFrom(this.#sql.lastRow.get() ?? { number: null });
  }

  missingNumber(): number | undefined {
    const { lastNumber } = this.last();
    if (integerIn(this.#sql.rowCount.get()!, "count") === lastNumber) return undefined;
    const missing = integerIn(this.#sql.missingNumber.get()!, "number");
    if (missing <= lastNumber) return missing;
    throw new LedgerError(
      `cannot read the ledger ${this.#file}: two rows have one number, or its indexes do not fit its tables; ` +
        "audit it",
    );
  }

  #headAt(number: number): string | undefined {
    if (number === 0) return this.#ledgerId;
    const row = this.#sql.headAt.get(number, number);
    return row && textIn(row, "hash");
  }

  /** Looks up where an entry goes, and whether its order was booked or is void. */
  #place({ id, digest, payer }: { id: string; digest: string; payer: EntrySide }): OrderPlace {
    const row = this.#sql.orderPlace.get(id, digest, payer)!;
    return {
      isBooked: row.is_booked === 1,
      voidedCode: row.code === null ? undefined : integerIn(row, "code"),
      voidFloorMs: row.expires_at === null ? undefined : timeIn(row, "expires_at"),
      end: this.#endFrom(row),
    };
  }

  #endFrom(row: Row): ChainEnd {
    if (row.number === null) return { lastNumber: 0, head: this.#ledgerId };
    return { lastNumber: integerIn(row, "number"), head: textIn(row, "hash") };
  }

  /**
   * Forgets the order that expired first, when the payer's room is full and it expired long enough
   * ago.
   */
  #makeRoom(payer: AccountName, atMs: number): boolean {
    if (integerIn(this.#sql.voidingCount.get(payer)!, "count") < voidedOrdersMax) return true;
    const first = this.#sql.firstVoiding.get(payer)!;
    const expiresAtMs = timeIn(first, "expires_at");
    if (expiresAtMs + voidedOrderKeptMs >= atMs) return false;
    this.#sql.forgetVoiding.run(textIn(first, "order_digest"));
    this.#sql.raiseVoidFloor.run(payer, timeText(expiresAtMs));
    return true;
  }

  #balance(side: EntrySide): number | undefined {
    const row = this.#sql.balance.get(side);
    return row && integerIn(row, "balance");
  }

  #objectToRefund(booking: Booking): ReturnType<typeof judgeRefund> {
    const { refunds } = booking;
    if (refunds === undefined) return undefined;
    return judgeRefund(booking, {
      payment: this.entry(refunds),
      refunded: this.sumRefunds(refunds),
    });
  }
}

/** Where the entry of an order goes, and what became of the order before. */
interface OrderPlace {
  readonly isBooked: boolean;
  /** The code that the order was voided with. */
  readonly voidedCode: number | undefined;
  /** Void orders of its payer that expired until then may be forgotten. */
  readonly voidFloorMs: number | undefined;
  readonly end: ChainEnd;
}

/** Returns whether an order may have been void and forgotten. */
function isForgotten(expiresAtMs: number | undefined, voidFloorMs: number | undefined): boolean {
  return expiresAtMs !== undefined && voidFloorMs !== undefined && expiresAtMs <= voidFloorMs;
}
