/**
 * Tells the decisions of all servers that share a database, once and in the order of the commits.
 *
 * The log's numbers go up with the commits, because a transaction that writes locks the head from
 * its start to its end. So all decisions up to a committed head can be read. A notification says
 * that there are some. Where none arrives, they are found a second later.
 */
import type { AccountName } from "../../account_name.ts";
import type { Clock } from "../../clock.ts";
import { LedgerError } from "../../errors.ts";
import { decisionsReadAtOnce, ledgerWatchMs, ownBatchesHeldMax } from "../../limits.ts";
import { RepeatedTask } from "../../repeated_task.ts";
import type { Decision, DecisionListener, FollowOptions } from "../ledger.ts";
import { DecisionFeed } from "../decision_feed.ts";
import { type EntryKind, isSignedByPayer } from "../entry.ts";
import { integerIn, textIn } from "../rows.ts";
import { namedAnswers } from "./answers.ts";
import type { DatabaseHealth } from "./database_health.ts";
import { entriesFrom } from "./tree_nodes.ts";
import { ledgerErrorOf, postgresCondition, reasonOf } from "./postgres_error.ts";
import { arrayText, type Row, type Session } from "./session.ts";
import { sql } from "./statements.ts";

/** A place in the order of the commits: the last row of the log, and the last void order. */
export interface Place {
  readonly number: number;
  readonly voidNumber: number;
}

export interface SharedDecisionsOptions {
  readonly clock: Clock;
  readonly health: DatabaseHealth;
  /** The id of this process. Its own notifications tell it nothing. */
  readonly writer: string;
  /** Opens a session that calls `onNotification` with each notification's text. */
  readonly open: (onNotification: (text: string) => void) => Promise<Session>;
  /** Whether a session is at the newest primary. Others are ended. */
  readonly isCurrent: (session: Session) => boolean;
  /** The place of the last commit when the ledger was opened. */
  readonly start: Place;
  /** Called when the ledger contradicts its rules. */
  readonly onFailure: (failure: LedgerError) => void;
}

/** A batch of this process that is committed and not told. */
interface OwnBatch {
  readonly before: Place;
  readonly after: Place;
  readonly decisions: readonly Decision[];
}

/** A decision of another process, with its number among the entries or the void orders. */
interface Found {
  readonly number: number;
  readonly decision: Decision;
}

/** Decisions that were read, and the place up to which they are all. */
interface Page {
  readonly upTo: Place;
  readonly entries: readonly Found[];
  readonly voided: readonly Found[];
  readonly isLast: boolean;
}

export class SharedDecisions {
  /** Collects what the batches of this process decide. */
  readonly own = new DecisionFeed();
  readonly #options: SharedDecisionsOptions;
  readonly #followers = new Map<DecisionListener, FollowOptions["isFor"]>();
  /** All decisions up to here were told. */
  #told: Place;
  /** Batches of this process that come after decisions which were not read yet. */
  #waiting: OwnBatch[] = [];
  /** Where the batch under way starts. It may be committed already. */
  #underWay: Place | undefined;
  #reading: RepeatedTask | undefined;
  #session: Session | undefined;
  #isClosed = false;

  constructor(options: SharedDecisionsOptions) {
    this.#options = options;
    this.#told = options.start;
  }

  /** Starts to tell a listener. Returns a function that stops that. */
  follow(listener: DecisionListener, { isFor }: FollowOptions = {}): () => void {
    this.#followers.set(listener, isFor);
    const { clock } = this.#options;
    this.#reading ??= new RepeatedTask(() => this.#read(), {
      ...{ clock, everyMs: ledgerWatchMs, onFailure: (error) => this.#takeFailure(error) },
    });
    return () => this.#followers.delete(listener);
  }

  /** Starts a try of a batch, which holds the lock of the head at this place. */
  begin(before: Place): void {
    this.own.begin();
    this.#underWay = before;
  }

  /** Tells what a batch decided, after its commit and after all earlier decisions. */
  committed(after: Place): void {
    const before = this.#underWay!;
    this.#underWay = undefined;
    this.#waiting.push({ before, after, decisions: this.own.take() });
    this.#tellOwn();
    // Too many are read again later, like those of another process.
    if (this.#waiting.length > ownBatchesHeldMax) this.#waiting = [];
    if (!isSame(after, this.#told)) this.#reading?.wake();
  }

  /**
   * Ends a batch, after its last try. The outcome of a COMMIT may be unknown still. If it happened,
   * its decisions are read like those of another process.
   */
  ended(): void {
    if (this.#underWay === undefined) return;
    this.#underWay = undefined;
    this.#reading?.wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const stopped = this.#reading?.stop();
    this.#session?.destroy();
    await stopped;
  }

  /** Tells the batches of this process that follow what was told. */
  #tellOwn(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      // Without a follower nothing is read, and what is decided meanwhile is told to nobody.
      const isNext = this.#followers.size === 0 || isSame(first.before, this.#told);
      if (!isNext) return;
      this.#waiting.shift();
      this.#told = first.after;
      this.#tell(first.decisions);
    }
  }

  #tell(decisions: readonly Decision[]): Promise<unknown> {
    if (decisions.length === 0) return Promise.resolve();
    return Promise.all([...this.#followers.keys()].map((listener) => listener(decisions)));
  }

  #takeFailure(error: unknown): void {
    const { clock, health, onFailure } = this.#options;
    const failure = ledgerErrorOf("cannot read the decisions of other servers", error);
    if (failure instanceof LedgerError) onFailure(failure);
    else health.lost("follow", reasonOf((error as Error).cause ?? error), clock.monotonicMs());
  }

  /** Reads and tells decisions of other processes until there are no more. */
  async #read(): Promise<void> {
    for (let isFirst = true; !this.#isClosed; isFirst = false) {
      const isConnected = this.#session !== undefined;
      try {
        const page = await this.#readPage();
        this.#options.health.works("follow");
        const before = this.#told;
        await this.#tellPage(page);
        // The next rows come after a batch of this process that is in doubt. Its end wakes this.
        if (page.isLast || isSame(before, this.#told)) return;
      } catch (error) {
        if (error instanceof LedgerError) throw error;
        if (postgresCondition(error) !== "conflict") {
          this.#session?.destroy();
          this.#session = undefined;
        }
        // A lost connection is replaced at once. Only when that fails, the database is away.
        if (!isFirst || !isConnected) throw error;
      }
    }
  }

  async #readPage(): Promise<Page> {
    const session = await this.#connected();
    const { number, voidNumber } = this.#told;
    const limit = decisionsReadAtOnce;
    const { place: [head], entries, voided } = await namedAnswers({
      place: session.query(sql.place),
      entries: session.query(sql.entriesAfter, [number, limit]),
      voided: session.query(sql.voidedAfter, [voidNumber, limit]),
    });
    // The rows were read after the head, and some of them may come after it.
    const ends = [placeIn(head), this.#underWay, ...this.#waiting.map(({ before }) => before)];
    const isCut = entries.length === limit || voided.length === limit;
    if (isCut) {
      const last = (rows: readonly Row[]) =>
        rows.length === limit ? integerIn(rows.at(-1)!, "number") : Infinity;
      ends.push({ number: last(entries), voidNumber: last(voided) });
    }
    const upTo = ends.reduce<Place>(
      (least, end) => end === undefined ? least : earlier(least, end),
      { number: Infinity, voidNumber: Infinity },
    );
    const isUpTo = (row: Row, end: number) => integerIn(row, "number") <= end;
    return {
      upTo,
      isLast: !isCut,
      entries: await this.#wantedEntries(
        session,
        entries.filter((row) => isUpTo(row, upTo.number)),
      ),
      voided: voided.filter((row) => isUpTo(row, upTo.voidNumber)).map((row) => ({
        number: integerIn(row, "number"),
        decision: {
          voided: {
            digest: textIn(row, "order_digest"),
            payer: textIn(row, "payer") as AccountName,
            code: integerIn(row, "code"),
          },
        },
      })),
    };
  }

  /** Reads those entries in full that somebody wants to be told. Most times there is none. */
  async #wantedEntries(session: Session, rows: readonly Row[]): Promise<Found[]> {
    const wanted = rows.filter((row) => {
      const sides = [textIn(row, "payer"), textIn(row, "payee")] as AccountName[];
      return isSignedByPayer(textIn(row, "kind") as EntryKind) &&
        sides.some((name) => this.#isWanted(name));
    });
    if (wanted.length === 0) return [];
    const ids = arrayText(wanted.map((row) => textIn(row, "id")));
    const entries = await entriesFrom(session, await session.query(sql.entries, [ids]));
    entries.sort((a, b) => a.number - b.number);
    return entries.map((entry) => ({ number: entry.number, decision: { entry } }));
  }

  #isWanted(name: AccountName): boolean {
    return [...this.#followers.values()].some((isFor) => isFor === undefined || isFor(name));
  }

  /** Tells a page, and then the batches of this process that follow it. */
  async #tellPage({ upTo, entries, voided }: Page): Promise<void> {
    const { number, voidNumber } = this.#told;
    const decisions = [
      ...entries.filter((found) => found.number > number),
      ...voided.filter((found) => found.number > voidNumber),
    ].map(({ decision }) => decision);
    this.#told = {
      number: Math.max(number, upTo.number),
      voidNumber: Math.max(voidNumber, upTo.voidNumber),
    };
    const telling = this.#tell(decisions);
    this.#tellOwn();
    await telling;
  }

  async #connected(): Promise<Session> {
    const { open, isCurrent, writer } = this.#options;
    const current = this.#session;
    if (current !== undefined && !current.isLost && isCurrent(current)) return current;
    current?.destroy();
    const session = await open((text) => text === writer || this.#reading?.wake());
    if (this.#isClosed) {
      session.destroy();
      throw new Error("the ledger was closed");
    }
    this.#session = session;
    try {
      await session.query(sql.listen);
    } catch (error) {
      // Other engines have no notifications. Then decisions are found a second later.
      if (session.isLost) throw error;
    }
    return session;
  }
}

/** Returns the place that a row of the head tells. */
export function placeIn(head: Row | undefined): Place {
  if (head === undefined) throw new LedgerError("cannot read the ledger: it has no head");
  return { number: integerIn(head, "number"), voidNumber: integerIn(head, "void_number") };
}

function isSame(a: Place, b: Place): boolean {
  return a.number === b.number && a.voidNumber === b.voidNumber;
}

/** Returns a place before which both places have nothing that the other one has not. */
function earlier(a: Place, b: Place): Place {
  return {
    number: Math.min(a.number, b.number),
    voidNumber: Math.min(a.voidNumber, b.voidNumber),
  };
}
