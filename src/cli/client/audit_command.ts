/**
 * `audit`: compares the ledger with what the wallet holds. With `--accept` the member takes a
 * ledger that was rewritten as it is now, as after a restore that the operator explained.
 */
import type { Member } from "../../client/member.ts";
import type { Wallet } from "../../client/wallet.ts";
import { UsageError } from "../../errors.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { askYesNo, type LineInput } from "../line_input.ts";
import type { ProcessIo } from "../process_io.ts";
import { keepEvidenceOf } from "./audit_alarm.ts";
import { isInOrder } from "./audit_text.ts";
import type { ClientOutput } from "./output.ts";

type AuditCommand = Extract<ClientRequest["command"], { readonly name: "audit" }>;

interface AuditCommandContext extends ProcessIo {
  readonly input: LineInput;
  readonly output: ClientOutput;
  readonly wallet: Wallet;
}

/**
 * Audits and prints the result.
 *
 * @returns the exit code, or the server's refusal
 * @throws {UsageError} when nobody confirms what `--accept` gives up
 */
export async function runAudit(
  { accept, yes }: AuditCommand,
  member: Member,
  context: AuditCommandContext,
): Promise<ExitCode | Refusal> {
  const { output } = context;
  if (yes && !accept) throw new UsageError("audit: --yes goes with --accept");
  const { anchor: { fingerprint }, audits } = member.context;
  const earlier = await audits.last();
  const accepted = await context.wallet.acceptedWitnesses(fingerprint);
  const audit = await member.audit({ witnesses: await accepted.list() });
  if (audit.outcome === "refused") return audit;
  const files = keepEvidenceOf(audit, member, context);
  // The evidence must be kept before a ledger is given up. A ledger in order can be accepted, too:
  // peers may have seen another one before a restore.
  const isKept = audit.evidence === undefined || files.evidence !== undefined;
  if (!accept || !isKept) {
    output.printAudit(audit, files);
    return isInOrder(audit) ? exitCodes.ok : exitCodes.refused;
  }
  output.printGivenUp(audit, { earlier });
  if (!yes) await confirm(context);
  await member.accept(audit);
  output.printAccepted(audit, { ...files, earlier });
  return exitCodes.ok;
}

async function confirm({ isTerminal, input, say }: AuditCommandContext): Promise<void> {
  const attempt = "audit --accept";
  if (!isTerminal()) {
    throw new UsageError(`${attempt}: give --yes too, there is nobody to ask`);
  }
  if (!await askYesNo("Accept the ledger as it is now?", { input, say })) {
    throw new UsageError(`${attempt}: not confirmed`);
  }
}
