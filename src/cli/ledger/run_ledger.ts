/**
 * `micropay ledger`: the operator's commands. All of them are safe while a server runs on the
 * ledger.
 */
import { systemClock } from "../../clock.ts";
import { MicropayError } from "../../errors.ts";
import type { BookOutcome, Ledger } from "../../ledger/ledger.ts";
import { type LedgerSnapshot, storedText, type StoredValue } from "../../ledger/snapshot.ts";
import { isDatabaseUrl } from "../../ledger/postgres/database_url.ts";
import { backupLedger, openRestorePlace } from "../../ledger/sqlite/backup_ledger.ts";
import { endAccount, type Ending } from "../../operator/ending.ts";
import { bookIssue } from "../../operator/book_issue.ts";
import { exportLines } from "../../operator/exported_entries.ts";
import { makeOneTimeCode } from "../../operator/one_time_code.ts";
import { openCertificates, readAuthorityOfAnyDate } from "../../pki/certificate_folder.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import type { Code } from "../../protocol/code.ts";
import { refuse } from "../../protocol/request_type.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { oneTimeCodeDigest } from "../../protocol/register.ts";
import { systemRandom } from "../../random.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { exportWriter } from "../export_writer.ts";
import { requireLedgerFiles } from "./files.ts";
import { auditCommand, auditNamed, type LedgerContext, tellDoubt } from "./audit_command.ts";
import { copyLedger } from "./copy_command.ts";
import { invite, listInvitations, printJoinLine, revokeInvitation } from "./invitation_commands.ts";
import { withSnapshot } from "./open_snapshot.ts";
import { ledgerOutput } from "./output.ts";
import { showFound } from "./show.ts";
import { ledgerPlace } from "../ledger_place.ts";
import { printPayment } from "../standard_output.ts";
import type { ProcessIo } from "../process_io.ts";

type Command<Name> = Extract<LedgerRequest["command"], { readonly name: Name }>;

/** @throws {MicropayError} when a file cannot be read or written, or is not valid */
export async function runLedger(
  request: LedgerRequest,
  processIo: ProcessIo,
): Promise<ExitCode> {
  const output = ledgerOutput({ json: request.json, print: processIo.print });
  const context: LedgerContext = { request, output, processIo, clock: systemClock };
  const { command } = request;
  requireLedgerFiles(request);
  const moment = { db: request.db, environment: processIo.environment };
  switch (command.name) {
    case "create":
      return await create(context);
    case "audit":
      return await auditCommand(command, context);
    case "balances":
      return await withSnapshot(moment, async (snapshot) => {
        for await (const page of snapshot.accounts()) output.printBalances(page);
        return exitCodes.ok;
      });
    case "show":
      return await withSnapshot(
        moment,
        (snapshot) => showFound(snapshot, command.what, output),
      );
    case "export":
      return await withSnapshot(moment, async (snapshot) => {
        await exportAll(snapshot, command, processIo);
        return exitCodes.ok;
      });
    case "deposit":
    case "withdraw":
      return await move(command, context);
    case "backup":
      await withSnapshot(moment, (snapshot) => backupLedger(snapshot, { to: command.file }));
      output.printWritten(command.file);
      return exitCodes.ok;
    case "copy":
      return await copyLedger({ from: request.db, to: command.to }, context);
    case "restore":
      return await restore(command, context);
    case "reissue":
      return await reissue(command, context);
    case "close":
      return await close(command, context);
    case "join_line":
      return printJoinLine(command, context);
    case "invite":
      return await withOwnLedger(context, (ledger) => invite(command, { ...context, ledger }));
    case "invitations":
      return await withOwnLedger(context, (ledger) => listInvitations({ ...context, ledger }));
    case "revoke_invitation":
      return await withOwnLedger(
        context,
        (ledger) => revokeInvitation(command, { ...context, ledger }),
      );
  }
}

/** Makes an empty ledger for the CA of the certificates, unless its ledger is there already. */
async function create({ request, output, processIo }: LedgerContext): Promise<ExitCode> {
  const { fingerprint: ledgerId } = readAuthorityOfAnyDate(request.certs);
  const place = ledgerPlace(request.db, processIo.environment);
  const isNew = !await place.exists();
  await (await place.open({ ledgerId, serve: isNew })).close();
  output.printCreated(place.name, { isNew });
  return exitCodes.ok;
}

/** @throws {UsageError} when the options do not go together */
async function exportAll(
  snapshot: LedgerSnapshot,
  command: Command<"export">,
  { print, isReaderGone }: Pick<ProcessIo, "print" | "isReaderGone">,
): Promise<void> {
  const writer = exportWriter(command, "export the ledger");
  for await (const line of exportLines(snapshot, command, writer)) {
    print(line);
    if (isReaderGone()) return;
  }
}

async function move(
  command: Command<"deposit" | "withdraw">,
  context: LedgerContext,
): Promise<ExitCode> {
  const { output, clock } = context;
  const { certs } = context.request;
  const { identity, anchor } = openCertificates({ folder: certs, clock });
  return await withLedger(context, anchor, async (ledger) => {
    const kind = command.name === "deposit" ? "deposit" : "withdrawal";
    const { account: name, amount, memo, id: given } = command;
    const issuer = { identity, anchor, clock, random: systemRandom };
    const issue = { kind, name, amount, memo, id: given } as const;
    const outcome = await bookIssue(issue, { ...issuer, ledger, onDoubt: tellDoubt(context) });
    if (outcome.outcome !== "booked" && outcome.outcome !== "repeated") {
      return printRefusal(refusalCodes[outcome.outcome], context);
    }
    const { id, number: entry } = outcome.entry;
    const { text: receipt } = signReceipt(outcome.entry, { identity, anchor });
    const askWith = "micropay ledger show";
    const print = () => output.printBooked(outcome.entry, receipt);
    printPayment({ id, entry, askWith }, print, context.processIo);
    return exitCodes.ok;
  });
}

const refusalCodes: Readonly<
  Record<Exclude<BookOutcome["outcome"], "booked" | "repeated">, Code>
> = {
  voided: 260,
  expired: 265,
  id_conflict: 266,
  payer_unknown: 262,
  payee_unknown: 262,
  account_closed: 267,
  certificate_not_current: 261,
  payment_unknown: 268,
  refund_exceeds: 269,
  bankrupt: 270,
};

async function restore(
  { file }: Command<"restore">,
  context: LedgerContext,
): Promise<ExitCode> {
  const { request, output, clock, processIo } = context;
  // Nothing of a database can be set aside, so that it has to be empty.
  if (isDatabaseUrl(request.db)) return await copyLedger({ from: file, to: request.db }, context);
  // First, because the audit may take minutes, and a running server forbids the restore anyway.
  using place = openRestorePlace(request.db);
  const moment = { db: file, environment: processIo.environment };
  using copy = await withSnapshot(moment, (snapshot) => place.copy(snapshot));
  const { outcome } = await auditNamed(copy.file, context);
  if (outcome !== "in_order") return exitCodes.error;
  const undone = await undoneEndings(place.file, copy.file, processIo);
  const kept = copy.put({ atMs: clock.nowMs() });
  if (undone.length > 0) output.printUndone(undone);
  if (kept !== undefined) output.printKept(kept);
  output.printWritten(place.file);
  return exitCodes.ok;
}

/** @returns the accounts that the ledger revoked or closed after the backup was made */
async function undoneEndings(
  file: string,
  copy: string,
  { environment }: Pick<ProcessIo, "environment">,
): Promise<string[]> {
  const known = new Set<StoredValue>();
  const names = new Set<string>();
  await withSnapshot({ db: copy, environment }, async (snapshot) => {
    for await (const page of snapshot.changes()) {
      for (const { statement_jws } of page) known.add(statement_jws);
    }
  });
  try {
    await withSnapshot({ db: file, environment }, async (snapshot) => {
      for await (const page of snapshot.changes()) {
        for (const { statement_jws, kind, username } of page) {
          if (kind !== "reissue" && !known.has(statement_jws)) names.add(storedText(username));
        }
      }
    });
  } catch (error) {
    // The ledger is missing or unreadable, which is what a backup is for.
    if (!(error instanceof MicropayError)) throw error;
  }
  return [...names];
}

async function reissue(
  { account: name }: Command<"reissue">,
  context: LedgerContext,
): Promise<ExitCode> {
  const code = makeOneTimeCode(systemRandom);
  const codeDigest = oneTimeCodeDigest(code);
  const ending = { kind: "revocation", name, codeDigest } as const;
  return await end(ending, context, ({ fingerprint }) => {
    context.output.printReissue(name, { code, fingerprint });
  });
}

async function close(
  { account: name }: Command<"close">,
  context: LedgerContext,
): Promise<ExitCode> {
  return await end({ kind: "closure", name }, context, () => context.output.printClosure(name));
}

/** Revokes an account's certificate, or closes the account. */
async function end(
  ending: Ending,
  context: LedgerContext,
  print: (anchor: TrustAnchor) => void,
): Promise<ExitCode> {
  const { clock, request } = context;
  const { identity, anchor } = openCertificates({ folder: request.certs, clock });
  return await withLedger(context, anchor, async (ledger) => {
    const { outcome } = await endAccount(ending, {
      ...{ ledger, identity, anchor, clock },
      onDoubt: tellDoubt(context),
    });
    if (outcome === "changed") {
      print(anchor);
      return exitCodes.ok;
    }
    return printRefusal(outcome === "account_closed" ? 267 : 262, context);
  });
}

function printRefusal(code: Code, { output, request, processIo }: LedgerContext): ExitCode {
  output.printRefusal(refuse(code));
  // People mistype names.
  if (code === 262 && !request.json) processIo.say("micropay ledger balances lists the accounts");
  return exitCodes.refused;
}

/** Runs an action on the ledger of the folder's CA, which may have expired. */
async function withOwnLedger(
  context: LedgerContext,
  use: (ledger: Ledger) => Promise<ExitCode>,
): Promise<ExitCode> {
  return await withLedger(context, readAuthorityOfAnyDate(context.request.certs), use);
}

/** Runs an action on the ledger, beside its server if one runs. */
async function withLedger(
  { request, processIo }: LedgerContext,
  anchor: TrustAnchor,
  use: (ledger: Ledger) => Promise<ExitCode>,
): Promise<ExitCode> {
  const place = ledgerPlace(request.db, processIo.environment);
  const ledger = await place.open({ ledgerId: anchor.fingerprint, serve: false });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}
