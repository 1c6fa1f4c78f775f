/**
 * The activity that the screen holds: a window of the history, and payments that are not booked.
 * However long the history is, the window has {@link activityRowsMax} rows at the most.
 */
import type { PaymentWay } from "../../../client/payment/order_outcome.ts";
import { activityRowsMax, unbookedRowsMax } from "../../../limits.ts";
import type { HistoryRow } from "../../../protocol/history.ts";
import type { Activity, ActivityWindow } from "./screen_state.ts";

/** Rows that the server sent in one answer. */
export interface ActivityPage {
  /** Newest first. */
  readonly rows: readonly Activity[];
  /** Whether the server has further rows in the direction that was asked for. */
  readonly more: boolean;
}

/** Returns a row of the history as this account sees it. */
export function activityOf(row: HistoryRow, account: string): Activity {
  const isReceived = row.payee === account;
  return {
    id: row.id,
    state: isReceived ? "received" : "paid",
    other: isReceived ? row.payer : row.payee,
    amount: row.amount,
    memo: row.memo,
    entry: row.entry,
    atMs: Date.parse(row.at),
  };
}

export class ActivityLog {
  isLoading = false;
  /** Booked, newest first, without a gap. */
  #booked: readonly Activity[] = [];
  #more = false;
  #newer = false;
  /** By id, oldest first. */
  readonly #unbooked = new Map<string, Activity>();
  /** The ways that payments of this session took, by id, oldest first. */
  readonly #ways = new Map<string, PaymentWay>();

  get newestEntry(): number | undefined {
    return this.#booked[0]?.entry;
  }

  get newestAtMs(): number | undefined {
    return this.#booked[0]?.atMs;
  }

  get oldestEntry(): number | undefined {
    return this.#booked.at(-1)?.entry;
  }

  get hasNewer(): boolean {
    return this.#newer;
  }

  get hasOlder(): boolean {
    return this.#more;
  }

  get hasInDoubt(): boolean {
    return this.#unbooked.values().some(({ state }) => state === "in doubt");
  }

  /**
   * Takes the newest page of the history. Where it does not reach the window, it replaces the
   * window: rows in between are read when a person scrolls to them.
   *
   * @param options.keepsPlace whether a person reads older rows, which then stay
   */
  takeNewest({ rows, more }: ActivityPage, { keepsPlace }: { readonly keepsPlace: boolean }): void {
    if (this.#newer) return;
    const newest = this.newestEntry;
    const oldest = rows.at(-1)?.entry ?? 0;
    const joins = newest === undefined || oldest <= newest || !more;
    const older = joins ? this.#booked.filter(({ entry }) => entry! < oldest) : [];
    const fits = joins && rows.length + older.length <= activityRowsMax;
    if (keepsPlace && !fits) {
      this.#newer = rows[0]!.entry !== newest;
      return;
    }
    this.#booked = [...rows, ...older];
    if (older.length === 0) this.#more = more;
    this.#cutOldest();
  }

  /**
   * Takes all rows that are newer than the window.
   *
   * @param options.keepsPlace whether a person reads older rows, which then stay
   */
  takeLater(page: ActivityPage, { keepsPlace }: { readonly keepsPlace: boolean }): void {
    const isFull = page.rows.length + this.#booked.length > activityRowsMax;
    if (keepsPlace && isFull) this.#newer = true;
    else this.takeNewer(page);
  }

  /** Takes the page before the window's oldest row. */
  takeOlder({ rows, more }: ActivityPage): void {
    const oldest = this.oldestEntry ?? Infinity;
    const all = [...this.#booked, ...rows.filter(({ entry }) => entry! < oldest)];
    this.#booked = all.slice(-activityRowsMax);
    this.#newer ||= all.length > activityRowsMax;
    this.#more = more;
  }

  /** Takes the page after the window's newest row. */
  takeNewer({ rows, more }: ActivityPage): void {
    const newest = this.newestEntry ?? 0;
    this.#booked = [...rows.filter(({ entry }) => entry! > newest), ...this.#booked];
    this.#newer = more;
    this.#cutOldest();
  }

  /** Takes a page in place of the window. */
  replace({ rows }: ActivityPage, ends: { readonly more: boolean; readonly newer: boolean }): void {
    this.#booked = rows;
    this.#more = ends.more;
    this.#newer = ends.newer;
    this.#cutOldest();
  }

  /** Shows a payment that the window does not hold. The oldest closed one makes room. */
  show(activity: Activity): void {
    this.#unbooked.delete(activity.id);
    this.#unbooked.set(activity.id, activity);
    if (this.#unbooked.size <= unbookedRowsMax) return;
    const shown = [...this.#unbooked.values()];
    this.#unbooked.delete((shown.find((one) => !isOpen(one)) ?? shown[0]!).id);
  }

  /** Removes what {@link show} showed. */
  forget(id: string): void {
    this.#unbooked.delete(id);
  }

  keepWay(id: string, way: PaymentWay | undefined): void {
    if (way === undefined) return;
    this.#ways.set(id, way);
    if (this.#ways.size > activityRowsMax) this.#ways.delete(this.#ways.keys().next().value!);
  }

  /** Returns what the pane shows: what is under way or in doubt, and then all by time. */
  window(): ActivityWindow {
    const booked = this.#booked.map((row) => ({ ...row, way: this.#ways.get(row.id) }));
    const known = new Set(booked.map(({ id }) => id));
    const unbooked = [...this.#unbooked.values()].reverse().filter(({ id }) => !known.has(id));
    const rows = this.#newer ? booked : [
      ...unbooked.filter(isOpen),
      ...this.#merge(unbooked.filter((one) => !isOpen(one)), booked),
    ];
    return { rows, more: this.#more, newer: this.#newer, isLoading: this.isLoading };
  }

  /** Merges what is closed into booked rows, which stay in the ledger's order. */
  #merge(closed: Activity[], booked: readonly Activity[]): Activity[] {
    const rows: Activity[] = [];
    for (const row of booked) {
      while (closed[0] && closed[0].atMs > row.atMs) rows.push(closed.shift()!);
      rows.push(row);
    }
    // Older ones belong to a part of the history that the window does not hold.
    return this.#more ? rows : [...rows, ...closed];
  }

  #cutOldest(): void {
    if (this.#booked.length <= activityRowsMax) return;
    this.#booked = this.#booked.slice(0, activityRowsMax);
    this.#more = true;
  }
}

function isOpen({ state }: Activity): boolean {
  return state === "waiting" || state === "in doubt";
}
