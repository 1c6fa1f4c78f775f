/**
 * What the client does when an audit finds that the server rewrote its ledger.
 */
import type { MemberAudit } from "../../client/ledger_audit.ts";
import type { Member } from "../../client/member.ts";
import { SelfAudit } from "../../client/self_audit.ts";
import { keepEvidence } from "../../client/wallet/evidence_file.ts";
import type { Wallet } from "../../client/wallet.ts";
import { FileError } from "../../errors.ts";
import type { AuditFiles } from "./audit_text.ts";
import type { ClientOutput } from "./output.ts";

interface AlarmOptions {
  readonly wallet: Wallet;
  readonly output: ClientOutput;
  /** Runs what prints. The menu repeats its question after it. */
  readonly interject?: (print: () => void) => void;
}

/** Keeps the evidence of an audit. A failure is only reported, so that the audit is still told. */
export function keepEvidenceOf(
  audit: MemberAudit,
  member: Pick<Member, "context">,
  { wallet, output }: AlarmOptions,
): AuditFiles {
  if (!audit.evidence) return {};
  try {
    return { evidence: keepEvidence(audit.evidence, wallet.accountFolder(member)) };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    output.printFailure(error);
    return {};
  }
}

/** Returns the audits of a member that print only what they find. */
export function selfAuditOf(
  member: Pick<Member, "audit" | "context">,
  options: AlarmOptions,
): SelfAudit {
  const { output, interject = (print) => print() } = options;
  return new SelfAudit(member, {
    onFailure: (audit) =>
      interject(() => output.printAlarm(audit, keepEvidenceOf(audit, member, options))),
    onError: (error) => interject(() => output.printFailure(error)),
  });
}
