/**
 * Audits a ledger and trusts none of it, from the first row or from a checkpoint that was verified
 * before. The memory that it takes grows neither with the rows nor with the accounts.
 *
 * An audit consists of tasks for several threads. A range of rows is checked against the rows
 * before it as they are stored. Another task checks those. So when no task finds a fault, each row
 * follows from all rows before it.
 */
import { LedgerError } from "../errors.ts";
import { rootOf } from "../ledger/merkle_tree.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { storedTree } from "../ledger/stored_tree.ts";
import type { TreeHead } from "../ledger/tree_proofs.ts";
import { auditRangeRowsMax, auditRangeRowsMin, auditTasksPerThread } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type AccountsReport, auditAccounts } from "./account_audit.ts";
import {
  type AuditTask,
  firstOf,
  type Repetition,
  type ReportOf,
  rowsPerCertificate,
  type TaskReports,
} from "./audit_task.ts";
import type { RowReport } from "./row_audit.ts";

/** The result of an audit that found no fault. */
export interface AuditReport {
  readonly outcome: "in_order";
  /** The number of the last row before the audited ones. Absent when all were audited. */
  readonly since?: number;
  /** Audited entries. */
  readonly entries: number;
  /** Audited account changes. */
  readonly changes: number;
  readonly accounts: number;
  /** Verified certificates of members. */
  readonly certificates: number;
  /** The number of the last entry or account change. */
  readonly size: number;
  /** The head after it: 64 hexadecimal digits. */
  readonly head: string;
}

/** The first fault that an audit found. */
export interface AuditFault {
  readonly outcome: "wrong";
  /**
   * The number of the first wrong entry, or the number that is missing. Absent when no single entry
   * is wrong.
   */
  readonly entry?: number | undefined;
  /** The number of the wrong account change, if it is one. */
  readonly change?: number | undefined;
  readonly reason: string;
  /** Correct audited entries before the fault. */
  readonly entries: number;
}

/** The threads of an audit. */
export interface AuditThreads {
  readonly count: number;
  /**
   * Does a task on a thread that has time, in the order of the calls.
   *
   * @param onProgress gets what was done since the last call, in rows
   * @throws {LedgerError} when the store cannot be read
   */
  perform<Task extends AuditTask>(
    task: Task,
    onProgress: (rows: number) => void,
  ): Promise<ReportOf<Task>>;
}

/** The options of an audit. */
export interface AuditOptions {
  readonly anchor: TrustAnchor;
  readonly threads: AuditThreads;
  /** A tree that was verified before. Its rows are not audited. */
  readonly since?: TreeHead | undefined;
  /** Gets the part that is done, 0 to 1, from time to time. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * Audits a ledger. A wrong row is always reported first.
 *
 * @returns what was checked, or the first fault
 * @throws {LedgerError} when the store cannot be read at all
 */
export async function auditLedger(
  snapshot: LedgerSnapshot,
  options: AuditOptions,
): Promise<AuditReport | AuditFault> {
  const { anchor, since } = options;
  const { ledgerId } = snapshot;
  if (ledgerId !== anchor.fingerprint) {
    const reason = `it belongs to the CA ${ledgerId}, not to ${anchor.fingerprint}`;
    return { outcome: "wrong", reason, entries: 0 };
  }
  const reason = since && await checkpointFault(snapshot, since);
  if (reason !== undefined) return { outcome: "wrong", reason, entries: 0 };
  return await new Audit(snapshot, options, {
    last: await snapshot.lastNumber(),
    lastCertificate: await snapshot.lastCertificatePlace(),
  }).run();
}

async function checkpointFault(
  snapshot: LedgerSnapshot,
  { size, head }: TreeHead,
): Promise<string | undefined> {
  const last = await snapshot.lastNumber();
  if (last < size) return `it has only ${last} of the ${size} rows of the checkpoint`;
  try {
    const root = rootOf(await storedTree(snapshot, size));
    if (root === head) return undefined;
    return `the head of its first ${size} rows is ${root}, and the checkpoint says ${head}`;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.message;
  }
}

/** One run of an audit. */
class Audit {
  readonly #snapshot: LedgerSnapshot;
  readonly #options: AuditOptions;
  readonly #last: number;
  readonly #since: number;
  readonly #lastCertificate: number;
  #done = 0;

  /** @param ends the number of the last row, and the place of the last certificate */
  constructor(
    snapshot: LedgerSnapshot,
    options: AuditOptions,
    ends: { readonly last: number; readonly lastCertificate: number },
  ) {
    this.#snapshot = snapshot;
    this.#options = options;
    this.#last = ends.last;
    this.#since = options.since?.size ?? 0;
    this.#lastCertificate = ends.lastCertificate;
  }

  async run(): Promise<AuditReport | AuditFault> {
    const { since } = this.#options;
    // The file takes one thread long, so it comes first.
    const file = since ? schemaReport(this.#snapshot) : this.#perform({ kind: "file" });
    const certificates = this.#certificates();
    const accounts = this.#accounts();
    // A wrong row is reported first, also when the others cannot read the store.
    const others = [file, certificates, accounts].map((report) => report.catch(() => undefined));
    const areVerified = !since && await others[1] !== undefined &&
      (await certificates).fault === undefined;
    const rows = await this.#rows(areVerified);
    await Promise.all(others);
    const repetition = await file.then(({ repetition }) => repetition, () => undefined);
    const wrong = firstFault(rows, repetition);
    if (wrong) return wrong;
    return await this.#conclude(rows, {
      file: await file,
      certificates: await certificates,
      accounts: await accounts,
    });
  }

  async #conclude(
    { entries, changes }: RowReport,
    { file, certificates, accounts }: Omit<TaskReports, "rows"> & {
      readonly accounts: AccountsReport;
    },
  ): Promise<AuditReport | AuditFault> {
    this.#options.onProgress?.(1);
    const reason = accounts.fault ?? certificates.fault ?? accounts.balanceFault ?? file.fault;
    if (reason !== undefined) return { outcome: "wrong", reason, entries };
    const head = rootOf(await storedTree(this.#snapshot, this.#last));
    return {
      outcome: "in_order",
      ...(this.#options.since && { since: this.#since }),
      ...{ entries, changes },
      accounts: accounts.checked,
      certificates: certificates.checked,
      ...{ size: this.#last, head },
    };
  }

  /** Audits the accounts on this thread, while the others do their first tasks. */
  async #accounts(): Promise<AccountsReport> {
    await Promise.resolve();
    return await auditAccounts(this.#snapshot, this.#last);
  }

  async #certificates(): Promise<TaskReports["certificates"]> {
    const [kind, trusted] = ["certificates" as const, this.#options.since];
    let fault: string | undefined;
    let checked = 0;
    const ranges = rangesOf({ after: 0, upTo: this.#lastCertificate }, this.#rangeRows());
    for await (const report of this.#reports(ranges, (range) => ({ kind, ...range, trusted }))) {
      fault ??= report.fault;
      checked += report.checked;
    }
    return { fault, checked };
  }

  /** Audits the rows, up to the first wrong one. */
  async #rows(areVerified: boolean): Promise<RowReport> {
    const trusted = this.#options.since;
    let [entries, changes] = [0, 0];
    const ranges = rangesOf({ after: this.#since, upTo: this.#last }, this.#rangeRows());
    const task = (range: Range) => ({ kind: "rows" as const, ...range, trusted, areVerified });
    for await (const report of this.#reports(ranges, task)) {
      entries += report.entries;
      changes += report.changes;
      if (report.fault) return { entries, changes, fault: report.fault };
    }
    return { entries, changes, fault: undefined };
  }

  /** Returns how many rows a task audits: few enough that all threads have some to the end. */
  #rangeRows(): number {
    const tasks = this.#options.threads.count * auditTasksPerThread;
    const rows = Math.ceil((this.#last - this.#since) / tasks);
    return Math.max(auditRangeRowsMin, Math.min(rows, auditRangeRowsMax));
  }

  /** Yields the reports of ranges in their order, while the threads do the next ones. */
  async *#reports<Task extends AuditTask>(
    ranges: Iterator<Range>,
    task: (range: Range) => Task,
  ): AsyncGenerator<ReportOf<Task>> {
    const running: Promise<ReportOf<Task>>[] = [];
    while (true) {
      while (running.length < 2 * this.#options.threads.count) {
        const { done, value } = ranges.next();
        if (done) break;
        const report = this.#perform(task(value));
        // It is awaited later, or never when an earlier one finds a fault.
        report.catch(() => {});
        running.push(report);
      }
      const next = running.shift();
      if (!next) return;
      yield await next;
    }
  }

  async #perform<Task extends AuditTask>(task: Task): Promise<ReportOf<Task>> {
    const total = this.#last - this.#since + this.#lastCertificate * rowsPerCertificate;
    return await this.#options.threads.perform(task, (rows) => {
      this.#done += rows;
      this.#options.onProgress?.(Math.min(this.#done / total, 1));
    });
  }
}

/** Places of rows or certificates. */
interface Range {
  readonly after: number;
  readonly upTo: number;
}

/** Yields the parts of a range, one at least. */
function* rangesOf({ after, upTo }: Range, length: number): Generator<Range> {
  do {
    yield { after, upTo: Math.min(after + length, upTo) };
    after += length;
  } while (after < upTo);
}

/** An audit of a part leaves the file to the next full one, and the check of ids to the rows. */
async function schemaReport(snapshot: LedgerSnapshot): Promise<TaskReports["file"]> {
  return { fault: await firstOf(snapshot.schemaFaults()), repetition: undefined };
}

function firstFault(
  { entries, fault }: RowReport,
  repetition: Repetition | undefined,
): AuditFault | undefined {
  if (repetition && !(fault && fault.number < repetition.number)) {
    const { number: entry, entriesBefore, id } = repetition;
    const reason = `its id ${id} is that of an earlier entry`;
    return { outcome: "wrong", entry, reason, entries: entriesBefore };
  }
  if (!fault) return undefined;
  const { kind, number, reason } = fault;
  return { outcome: "wrong", [kind]: number, reason, entries };
}
