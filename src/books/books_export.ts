/**
 * Books as text: which entries an export has, and the balances that it begins from. The operator
 * exports a ledger, and a member the own entries, by the same writers.
 */
import type { AccountName } from "../account_name.ts";
import type { EntryKind, EntrySide } from "../ledger/entry.ts";

/** The entries of an export. */
export interface ExportSelection {
  /** Only entries of this account. */
  readonly account?: AccountName | undefined;
  /** First and last day, both included, as `YYYY-MM-DD` in UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** An entry, as the books show it. */
export interface BookEntry {
  readonly number: number;
  readonly atMs: number;
  readonly kind: EntryKind;
  readonly id: string;
  readonly payer: EntrySide;
  readonly payee: EntrySide;
  readonly amount: number;
  readonly memo?: string | undefined;
  readonly refunds?: string | undefined;
  /** The balances after this entry. A member knows only the own one. */
  readonly payerBalance?: number | undefined;
  readonly payeeBalance?: number | undefined;
}

/** The signed documents of an entry by their names, for the formats that show them. */
export type EntryDocuments = () => Readonly<Record<string, string>>;

/**
 * An entry with its day in the books: its own day, or the latest day of an earlier entry if that is
 * later. So a clock that was set back does not change the order, and a range of days is a range of
 * entries with one balance to carry.
 */
export interface ExportedEntry {
  readonly entry: BookEntry;
  readonly day: string;
  readonly documents: EntryDocuments;
}

/** The balances before the first exported entry, where earlier entries are left out. */
export type CarriedBalances = ReadonlyMap<EntrySide, number>;

/** Turns entries into the lines of a format. */
export interface ExportWriter {
  /** Called before the entries. */
  begin(carried: CarriedBalances): Iterable<string>;
  entry(exported: ExportedEntry): Iterable<string>;
  /** Called after them. */
  end(): Iterable<string>;
}

/** An export under way. It takes all entries in their order, and holds none of them. */
export class BooksExport {
  readonly #selection: ExportSelection;
  readonly #writer: ExportWriter;
  readonly #carried = new Map<EntrySide, number>();
  #hasBegun = false;
  #day = "";

  constructor(selection: ExportSelection, writer: ExportWriter) {
    this.#selection = selection;
    this.#writer = writer;
  }

  /** Whether the last entry came after the last day. No later one is exported. */
  get isOver(): boolean {
    const { to } = this.#selection;
    return to !== undefined && this.#day > to;
  }

  /** @returns the lines of an entry; none when it is not selected */
  *take(entry: BookEntry, documents: EntryDocuments): Iterable<string> {
    const { from = "" } = this.#selection;
    const { payer, payee, payerBalance, payeeBalance } = entry;
    const ownDay = dayOf(entry.atMs);
    if (ownDay > this.#day) this.#day = ownDay;
    if (this.isOver || !(this.#isWanted(payer) || this.#isWanted(payee))) return;
    if (this.#day < from) {
      this.#carry(payer, payerBalance);
      this.#carry(payee, payeeBalance);
      return;
    }
    yield* this.#begin();
    yield* this.#writer.entry({ entry, day: this.#day, documents });
  }

  /** @returns the lines after the last entry */
  *end(): Iterable<string> {
    yield* this.#begin();
    yield* this.#writer.end();
  }

  *#begin(): Iterable<string> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    yield* this.#writer.begin(this.#carried);
  }

  #carry(side: EntrySide, balance: number | undefined): void {
    if (balance !== undefined && this.#isWanted(side)) this.#carried.set(side, balance);
  }

  #isWanted(side: EntrySide): boolean {
    const { account } = this.#selection;
    return account === undefined || side === account;
  }
}

/** @returns the day in UTC as `YYYY-MM-DD` */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** @returns the next day, in the same form */
export function dayAfter(day: string): string {
  return dayOf(Date.parse(day) + 86_400_000);
}
