/**
 * The parts of an audit. Each reads its share of the ledger alone, so that they can run on several
 * threads, which exchange only these values.
 */
import { issuingAccount } from "../ledger/entry.ts";
import { type LedgerSnapshot, storedText } from "../ledger/snapshot.ts";
import type { TreeHead } from "../ledger/tree_proofs.ts";
import { auditPageRows } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { certificateFault, Signers } from "./issued_certificates.ts";
import { auditRows, type RowRange, type RowReport } from "./row_audit.ts";

/** Checks the store's file, and that no id is there twice. */
interface FileTask {
  readonly kind: "file";
}

/** Checks certificates by their places. */
interface CertificatesTask {
  readonly kind: "certificates";
  readonly after: number;
  readonly upTo: number;
  /** Only those of accounts without an entry in this tree. */
  readonly trusted?: TreeHead | undefined;
}

interface RowsTask extends RowRange {
  readonly kind: "rows";
  /** Whether all certificates were checked before. */
  readonly areVerified: boolean;
}

/** What one thread does at a time. */
export type AuditTask = FileTask | CertificatesTask | RowsTask;

/** An entry with the id of an earlier one. */
export interface Repetition {
  readonly number: number;
  readonly id: string;
  readonly entriesBefore: number;
}

/** What the tasks return. */
export interface TaskReports {
  readonly file: {
    readonly fault: string | undefined;
    /** The first entry with the id of another one. It can be there only when there is a fault. */
    readonly repetition: Repetition | undefined;
  };
  readonly certificates: {
    readonly fault: string | undefined;
    /** Members' certificates. */
    readonly checked: number;
  };
  readonly rows: RowReport;
}

export type ReportOf<Task extends AuditTask> = TaskReports[Task["kind"]];

/** What a thread needs for all its tasks. */
export class AuditWork {
  readonly #snapshot: LedgerSnapshot;
  readonly #anchor: TrustAnchor;
  readonly #signers: { readonly [AreVerified in "true" | "false"]: Signers };

  constructor(snapshot: LedgerSnapshot, anchor: TrustAnchor) {
    this.#snapshot = snapshot;
    this.#anchor = anchor;
    this.#signers = {
      true: new Signers(snapshot, { anchor, areVerified: true }),
      false: new Signers(snapshot, { anchor, areVerified: false }),
    };
  }

  /**
   * Does a task.
   *
   * @param onProgress gets what was done since the last call, in rows
   * @throws {LedgerError} when the store cannot be read
   */
  async perform(
    task: AuditTask,
    onProgress: (rows: number) => void,
  ): Promise<TaskReports[AuditTask["kind"]]> {
    const [snapshot, anchor] = [this.#snapshot, this.#anchor];
    switch (task.kind) {
      case "file":
        return await auditFile(snapshot);
      case "certificates":
        return await auditCertificates(task, { snapshot, anchor, onProgress });
      case "rows": {
        const signers = this.#signers[`${task.areVerified}`];
        return await auditRows(snapshot, task, { anchor, signers, onProgress });
      }
    }
  }
}

/** The time that a certificate takes, in rows. */
export const rowsPerCertificate = 10;

async function auditFile(snapshot: LedgerSnapshot): Promise<TaskReports["file"]> {
  const fault = await firstOf(snapshot.faults());
  // In a good file, the index of ids allows no id twice.
  const repeated = fault === undefined ? undefined : await snapshot.firstRepetition();
  const repetition = repeated && {
    number: Number(repeated.number),
    id: storedText(repeated.id),
    entriesBefore: Number(repeated.entries_before),
  };
  return { fault, repetition };
}

/** Returns the first value, or `undefined` without one. */
export async function firstOf<T>(values: AsyncIterable<T>): Promise<T | undefined> {
  for await (const value of values) return value;
  return undefined;
}

async function auditCertificates(
  { after, upTo, trusted }: CertificatesTask,
  { snapshot, anchor, onProgress }: {
    readonly snapshot: LedgerSnapshot;
    readonly anchor: TrustAnchor;
    readonly onProgress: (rows: number) => void;
  },
): Promise<TaskReports["certificates"]> {
  let checked = 0;
  let fault: string | undefined;
  while (after < upTo) {
    const limit = Math.min(auditPageRows, upTo - after);
    const page = await snapshot.certificatePage({ after, limit });
    if (page.length === 0) break;
    const names = new Set(page.map(({ username }) => username));
    const ofNames = await snapshot.certificatesOf([...names]);
    const states = trusted &&
      await snapshot.statesBefore(trusted.size + 1, [...names].map(storedText));
    for (const row of page) {
      after = Number(row.place);
      if (after > upTo) break;
      const name = storedText(row.username);
      const isOld = states && name !== issuingAccount && states.get(name)?.balance !== null;
      if (isOld) continue;
      fault ??= certificateFault(row, { anchor, ofAccount: ofNames.get(row.username) ?? [] });
      if (name !== issuingAccount) checked++;
    }
    onProgress(page.length * rowsPerCertificate);
  }
  return { fault, checked };
}
