/**
 * `ledger audit`: audits a ledger on all processors, from its first row or from a checkpoint.
 */
import { join, resolve } from "node:path";
import { type Clock, nowSeconds } from "../../clock.ts";
import { attempting, replaceFile } from "../../durable_files.ts";
import { FileError, InterruptedError, messageOf, MicropayError } from "../../errors.ts";
import { type LedgerSnapshot, storedText } from "../../ledger/snapshot.ts";
import type { TreeHead } from "../../ledger/tree_proofs.ts";
import { auditThreadsFrom } from "../../limits.ts";
import {
  type AuditFault,
  auditLedger,
  type AuditReport,
  type AuditThreads,
} from "../../operator/audit.ts";
import { readServerKeys, verifyServersCheckpoint } from "../../operator/servers_checkpoint.ts";
import { openCertificates, readAuthorityOfAnyDate } from "../../pki/certificate_folder.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { signCheckpoint } from "../../protocol/checkpoint.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";
import type { SinceCheckpoint } from "../command_line/option_values.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { readGivenFile } from "../given_file.ts";
import { type ProcessIo, untilSignal } from "../process_io.ts";
import { OtherThreads, thisThread } from "./audit_threads.ts";
import { withSnapshot } from "./open_snapshot.ts";
import type { LedgerOutput } from "./output.ts";
import { ProgressBar } from "../progress_bar.ts";

/** What the operator's commands need. */
export interface LedgerContext {
  readonly request: LedgerRequest;
  readonly output: LedgerOutput;
  readonly processIo: ProcessIo;
  readonly clock: Clock;
}

/** Returns what tells a person that the command takes longer. */
export function tellDoubt({ request, processIo }: LedgerContext): () => void {
  return () => {
    if (request.json) return;
    processIo.say("The database did not answer. Finding out whether the change happened …");
  };
}

type AuditCommand = Extract<LedgerRequest["command"], { readonly name: "audit" }>;

/**
 * Audits the ledger, and keeps its end as a checkpoint if it is asked to.
 *
 * @throws {MicropayError} when a file cannot be read or written, or is not valid
 */
export async function auditCommand(
  { since, checkpoint: file }: AuditCommand,
  context: LedgerContext,
): Promise<ExitCode> {
  const { request, clock } = context;
  // Before the audit, which may take long.
  const certificates = file === undefined
    ? undefined
    : openCertificates({ folder: request.certs, clock });
  const result = await auditNamed(request.db, context, { since });
  if (result.outcome !== "in_order") return exitCodes.error;
  if (file !== undefined && certificates) {
    const { size, head } = result;
    const { text } = signCheckpoint({ size, head, at: nowSeconds(clock) }, certificates);
    attempting(`write the checkpoint ${file}`, () => replaceFile(file, text, "private"));
  }
  return exitCodes.ok;
}

/** Audits the ledger that `db` names, and prints the result. */
export async function auditNamed(
  db: string,
  context: LedgerContext,
  { since }: { readonly since?: SinceCheckpoint | undefined } = {},
): Promise<AuditReport | AuditFault> {
  const { request, output, clock, processIo } = context;
  const anchor = readAnchor(request);
  return await withSnapshot({ db, environment: processIo.environment }, async (snapshot) => {
    const trusted = since && await readSince(since, { snapshot, anchor, folder: request.certs });
    const bar = new ProgressBar();
    const startMs = clock.monotonicMs();
    const audit = async (threads: AuditThreads) => {
      const onProgress = (share: number) => bar.show(share);
      return await auditLedger(snapshot, { anchor, threads, since: trusted, onProgress });
    };
    const result = await untilSignal(
      processIo,
      (signal) => withThreads(audit, { snapshot, anchor, db, trusted, signal }),
    ).finally(() => bar.clear());
    const seconds = (clock.monotonicMs() - startMs) / 1000;
    const lastAt = await lastEntryAt(snapshot, result);
    output.printAudit(result, { seconds, ...(lastAt !== undefined && { lastAt }) });
    return result;
  });
}

/** Runs an audit on a thread for each processor, or on this one when there is little to do. */
async function withThreads<Result>(
  audit: (threads: AuditThreads) => Promise<Result>,
  { snapshot, anchor, db, trusted, signal }: {
    readonly snapshot: LedgerSnapshot;
    readonly anchor: TrustAnchor;
    readonly db: string;
    readonly trusted: TreeHead | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Result> {
  const rows = await snapshot.lastNumber() - (trusted?.size ?? 0);
  const certificates = trusted ? 0 : await snapshot.lastCertificatePlace();
  if (rows + certificates < auditThreadsFrom) return await audit(thisThread(snapshot, anchor));
  using threads = new OtherThreads({ db, anchor, count: navigator.hardwareConcurrency });
  signal.addEventListener("abort", () => {
    threads.stop(new InterruptedError("audit the ledger: interrupted"));
  });
  return await audit(threads);
}

/**
 * @throws {FileError} when the file of a checkpoint cannot be read
 * @throws {EnvelopeError} when no server of this ledger signed it
 */
async function readSince(
  since: SinceCheckpoint,
  { snapshot, anchor, folder }: {
    readonly snapshot: LedgerSnapshot;
    readonly anchor: TrustAnchor;
    readonly folder: string;
  },
): Promise<TreeHead> {
  if (!("file" in since)) return since;
  const text = await readGivenFile(since.file, `read the checkpoint ${since.file}`);
  return verifyServersCheckpoint(text, {
    anchor,
    keys: await readServerKeys(folder, { snapshot, anchor }),
  });
}

/** @returns the time of the last correct entry. A copy without its log ends too early */
async function lastEntryAt(
  snapshot: LedgerSnapshot,
  result: AuditReport | AuditFault,
): Promise<string | undefined> {
  const wrong = result.outcome === "wrong" ? result.entry ?? result.change : undefined;
  const at = await snapshot.lastEntryTime({ before: wrong ?? Number.MAX_SAFE_INTEGER });
  return at === undefined ? undefined : storedText(at);
}

/**
 * Reads the CA's certificate, which is all that checking needs. It may have expired: the books of
 * an ended ledger can still be checked.
 */
export function readAnchor({ certs }: Pick<LedgerRequest, "certs">): TrustAnchor {
  const folder = resolve(certs);
  try {
    return readAuthorityOfAnyDate(folder);
  } catch (cause) {
    if (!(cause instanceof MicropayError)) throw cause;
    const path = join(folder, "CA.pem");
    throw new FileError(`read the CA ${path}: ${messageOf(cause)}; give its folder with --certs`, {
      cause,
    });
  }
}
