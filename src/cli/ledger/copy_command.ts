/** `ledger copy`: copies a ledger into another store, and audits the copy before it can be used. */
import { InterruptedError, LedgerError } from "../../errors.ts";
import { isDatabaseUrl } from "../../ledger/postgres/database_url.ts";
import { requireLedgerId } from "../../ledger/postgres/identify_database.ts";
import { rootOf } from "../../ledger/merkle_tree.ts";
import type { LedgerSnapshot } from "../../ledger/snapshot.ts";
import type { LedgerSource } from "../../ledger/sqlite/backup_ledger.ts";
import { storedTree } from "../../ledger/stored_tree.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { ledgerPlace } from "../ledger_place.ts";
import { type ProcessIo, untilSignal } from "../process_io.ts";
import { ProgressBar } from "../progress_bar.ts";
import { auditNamed, type LedgerContext, readAnchor } from "./audit_command.ts";
import { openSnapshot } from "./open_snapshot.ts";

/**
 * Copies the ledger `from` to `to`. Each is a file or the URL of a database.
 *
 * @throws {MicropayError} when a server uses one of them, the target is not empty, or one of them
 * cannot be used
 */
export async function copyLedger(
  { from, to }: { readonly from: string; readonly to: string },
  context: LedgerContext,
): Promise<ExitCode> {
  const { request, processIo, output } = context;
  const { environment } = processIo;
  const attempt = `cannot copy the ledger ${from} to ${to}`;
  const ledgerId = readAnchor(request).fingerprint;
  const target = ledgerPlace(to, environment);
  using still = await ledgerPlace(from, environment).holdStill(attempt);
  await using source = await openSnapshot(from, environment);
  requireLedgerId(source.ledgerId, ledgerId, attempt);
  await using copy = await target.openCopy({ ledgerId, attempt });
  const db = await withProgress(source, processIo, (onRows) => copy.fill(source, onRows));
  const report = await auditNamed(db, context);
  if (report.outcome !== "in_order") return exitCodes.error;
  await requireSameHead(source, { ...report, attempt });
  await still.requireUnchanged();
  await copy.finish();
  output.printWritten(target.name);
  if (isDatabaseUrl(from) && !request.json) processIo.say(renameText(from));
  return exitCodes.ok;
}

/** Returns what keeps servers away from a database whose ledger was copied. */
function renameText(from: string): string {
  return `If the copy replaces ${from}, rename that database now, so that no server writes it any more`;
}

/** Runs a copy that a signal ends, and shows its progress. */
async function withProgress<Result>(
  source: LedgerSnapshot & LedgerSource,
  processIo: ProcessIo,
  copy: (onRows: (rows: number) => void) => Promise<Result>,
): Promise<Result> {
  const total = await source.lastNumber() + await source.lastCertificatePlace();
  const bar = new ProgressBar();
  let done = 0;
  return await untilSignal(processIo, async (signal) => {
    const requireGoingOn = () => {
      if (signal.aborted) throw new InterruptedError("copy the ledger: interrupted");
    };
    const result = await copy((rows) => {
      requireGoingOn();
      done += rows;
      bar.show(Math.min(done / total, 1));
    });
    // The indexes of a database are made after the last row.
    requireGoingOn();
    return result;
  }).finally(() => bar.clear());
}

/** @throws {LedgerError} unless the audited copy ends as the source does */
async function requireSameHead(
  source: LedgerSnapshot,
  { size, head, attempt }: {
    readonly size: number;
    readonly head: string;
    readonly attempt: string;
  },
): Promise<void> {
  const expected = rootOf(await storedTree(source, await source.lastNumber()));
  if (expected === head) return;
  throw new LedgerError(
    `${attempt}: the copy of ${size} rows has the head ${head}, and the ledger ${expected}`,
  );
}
