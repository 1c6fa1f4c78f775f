/**
 * Reads the history page by page into the window that the screen shows.
 */
import type { Member } from "../../../client/member.ts";
import { ClosedError, TimeoutError } from "../../../errors.ts";
import { activityPageRows } from "../../../limits.ts";
import type { HistoryRequest } from "../../../protocol/history.ts";
import type { Refusal } from "../../../protocol/request_type.ts";
import { ActivityLog, activityOf, type ActivityPage } from "./activity_log.ts";

export type ActivityPlace = "newest" | "older" | "newer" | "oldest";

interface ReaderOptions {
  /** The member on its present connection; `undefined` while nobody is logged in. */
  readonly member: () => Pick<Member, "context" | "page"> | undefined;
  /** Whether a person reads older rows, which new ones must not push away. */
  readonly keepsPlace: () => boolean;
  readonly onChange: () => void;
  /** Told of the balance after the newest entry. */
  readonly onBalance: (balance: number) => void;
  readonly onRefusal: (refusal: Refusal) => void;
  readonly onError: (error: unknown) => void;
}

/** One read runs at a time, and the same read waits at most once, so a burst takes few reads. */
export class ActivityReader {
  readonly log = new ActivityLog();
  /** The balance after the newest entry, when it was read last. */
  balance: number | undefined;
  readonly #options: ReaderOptions;
  #running: Promise<void> = Promise.resolve();
  /** Reads that have not begun. */
  readonly #waiting = new Map<string, Promise<void>>();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Resolves when all reads that were asked for are done. Never rejects. */
  get read(): Promise<void> {
    return this.#running;
  }

  /** Reads the newest rows, without leaving the place of a person who reads older ones. */
  refresh(): Promise<void> {
    return this.#enqueue("refresh", () => this.#refresh());
  }

  /** Moves the window. */
  move(place: ActivityPlace): Promise<void> {
    this.#setLoading(true);
    return this.#enqueue(place, async () => {
      try {
        await this.#move(place);
      } finally {
        this.#setLoading(false);
      }
    });
  }

  #enqueue(name: string, read: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(name);
    if (waiting) return waiting;
    const next = this.#running.then(async () => {
      this.#waiting.delete(name);
      try {
        await read();
      } catch (error) {
        // The next connection reads it again.
        if (!(error instanceof ClosedError || error instanceof TimeoutError)) {
          this.#options.onError(error);
        }
      }
    });
    this.#waiting.set(name, next);
    this.#running = next;
    return next;
  }

  /** Reads the rows after the window alone, because to check a whole page takes long. */
  async #refresh(): Promise<void> {
    const { hasNewer, newestEntry } = this.log;
    const after = hasNewer ? undefined : newestEntry;
    const later = after === undefined ? undefined : await this.#read({ after });
    const page = later && !later.more ? later : await this.#read({});
    if (!page || (page === later && page.rows.length === 0)) return;
    const options = { keepsPlace: this.#options.keepsPlace() };
    if (page === later) this.log.takeLater(page, options);
    else this.log.takeNewest(page, options);
    this.#options.onChange();
  }

  async #move(place: ActivityPlace): Promise<void> {
    const { log } = this;
    const { newestEntry, oldestEntry } = log;
    switch (place) {
      case "newest": {
        const page = await this.#read({});
        return page && log.replace(page, { more: page.more, newer: false });
      }
      case "oldest": {
        const page = await this.#read({ after: 0 });
        return page && log.replace(page, { more: false, newer: page.more });
      }
      case "older": {
        if (oldestEntry === undefined || !log.hasOlder) return;
        const page = await this.#read({ before: oldestEntry });
        return page && log.takeOlder(page);
      }
      case "newer": {
        if (newestEntry === undefined || !log.hasNewer) return;
        const page = await this.#read({ after: newestEntry });
        return page && log.takeNewer(page);
      }
    }
  }

  /** @returns `undefined` when there is no member or no page */
  async #read(direction: Omit<HistoryRequest, "limit">): Promise<ActivityPage | undefined> {
    const member = this.#options.member();
    if (!member) return undefined;
    const { name } = member.context;
    const page = await member.page({ ...direction, limit: activityPageRows });
    if (page.outcome === "refused") return void this.#options.onRefusal(page);
    const { entries, more } = page.answer;
    const isOldestFirst = direction.after !== undefined;
    const isNewest = direction.before === undefined && !(isOldestFirst && more);
    const newest = isOldestFirst ? entries.at(-1) : entries[0];
    if (isNewest && newest) {
      this.balance = newest.balance;
      this.#options.onBalance(newest.balance);
    }
    const rows = entries.map((row) => activityOf(row, name));
    return { rows: isOldestFirst ? rows.reverse() : rows, more };
  }

  #setLoading(isLoading: boolean): void {
    this.log.isLoading = isLoading;
    this.#options.onChange();
  }
}
