/**
 * The threads of an audit. Each reads the ledger itself, and only numbers and sentences go
 * between them.
 *
 * Each thread sees a later moment of the ledger than the audit, whose last row is the last that
 * they check. Rows never change, so they check the same ones. Balances change, so the audit checks
 * those itself.
 */
import { LedgerError } from "../../errors.ts";
import type { LedgerSnapshot } from "../../ledger/snapshot.ts";
import type { AuditThreads } from "../../operator/audit.ts";
import { type AuditTask, AuditWork, type ReportOf } from "../../operator/audit_task.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";

/** A message to a thread. */
export interface ThreadQuestion {
  readonly db: string;
  readonly anchorDer: TrustAnchor["der"];
  readonly task: AuditTask;
}

/** A message of a thread: its progress, the report, or why it could not read the ledger. */
export type ThreadAnswer =
  | { readonly rows: number }
  | { readonly report: ReportOf<AuditTask> }
  | { readonly refusal: string };

/** Returns the thread of the caller, which does each task at once. */
export function thisThread(snapshot: LedgerSnapshot, anchor: TrustAnchor): AuditThreads {
  const work = new AuditWork(snapshot, anchor);
  return {
    count: 1,
    async perform<Task extends AuditTask>(task: Task, onProgress: (rows: number) => void) {
      return await work.perform(task, onProgress) as ReportOf<Task>;
    },
  };
}

/** A task that waits for a thread, or is on one. */
interface Assignment {
  readonly task: AuditTask;
  readonly onProgress: (rows: number) => void;
  readonly report: PromiseWithResolvers<ReportOf<AuditTask>>;
}

/** Threads of their own, one for each processor. */
export class OtherThreads implements AuditThreads, Disposable {
  readonly count: number;
  readonly #ledger: Pick<ThreadQuestion, "db" | "anchorDer">;
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[] = [];
  readonly #waiting: Assignment[] = [];
  readonly #running = new Set<Assignment>();
  #failure: Error | undefined;

  /** Starts the threads. */
  constructor(
    { db, anchor, count }: {
      readonly db: string;
      readonly anchor: TrustAnchor;
      readonly count: number;
    },
  ) {
    this.count = count;
    this.#ledger = { db, anchorDer: anchor.der };
    const module = new URL("./audit_thread.ts", import.meta.url);
    this.#workers = Array.from({ length: count }, () => new Worker(module, { type: "module" }));
    this.#idle.push(...this.#workers);
  }

  async perform<Task extends AuditTask>(
    task: Task,
    onProgress: (rows: number) => void,
  ): Promise<ReportOf<Task>> {
    if (this.#failure) throw this.#failure;
    const report = Promise.withResolvers<ReportOf<AuditTask>>();
    this.#waiting.push({ task, onProgress, report });
    this.#assign();
    return await report.promise as ReportOf<Task>;
  }

  /**
   * Ends the threads. Their reports never come.
   *
   * @param failure what later and waiting callers get
   */
  stop(failure: Error): void {
    this.#failure ??= failure;
    for (const worker of this.#workers) worker.terminate();
    for (const { report } of [...this.#running, ...this.#waiting]) report.reject(this.#failure);
    this.#running.clear();
    this.#waiting.length = 0;
  }

  [Symbol.dispose](): void {
    this.stop(new LedgerError("audit the ledger: it has ended"));
  }

  #assign(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      this.#start(this.#idle.shift()!, this.#waiting.shift()!);
    }
  }

  #start(worker: Worker, assignment: Assignment): void {
    const { task, onProgress, report } = assignment;
    this.#running.add(assignment);
    worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
      if ("rows" in data) return onProgress(data.rows);
      if ("report" in data) report.resolve(data.report);
      else report.reject(new LedgerError(data.refusal));
      this.#running.delete(assignment);
      this.#idle.push(worker);
      this.#assign();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.stop(new Error(`audit the ledger: a thread ended: ${event.message}`));
    };
    worker.postMessage({ ...this.#ledger, task } satisfies ThreadQuestion);
  }
}
