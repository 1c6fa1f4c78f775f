/**
 * The words and the JSON for what a member's audit found.
 */
import type { MemberAudit } from "../../client/ledger_audit.ts";
import type { PeerTree } from "../../client/peer_checkpoints.ts";
import type { AuditedHead } from "../../client/wallet/wallet_store.ts";
import type { WitnessCount } from "../../client/witness_count.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import { evidenceText } from "../evidence_text.ts";
import type { TypeCommand } from "./command_typer.ts";

export interface AuditFiles {
  /** Where the evidence is; `undefined` when it could not be kept. */
  readonly evidence?: string | undefined;
}

export interface KnownLedger {
  /** The ledger of the last good audit. */
  readonly earlier: AuditedHead | undefined;
}

/** Returns whether an audit found nothing wrong. */
export function isInOrder(
  { missing, otherTree, rewrittenAt }: Pick<MemberAudit, "missing" | "otherTree" | "rewrittenAt">,
): boolean {
  return missing.length === 0 && !otherTree && rewrittenAt === undefined;
}

/** Returns the members of an audit's JSON. */
export function auditFields(
  audit: MemberAudit,
  { evidence }: AuditFiles = {},
): object {
  const { entries, receipts, head, checkpoint, missing, otherTree, rewrittenAt, sameUntil } = audit;
  const { witnesses } = audit;
  return {
    code: isInOrder(audit) ? 300 : 400,
    ...{ entries, receipts, head, checkpoint },
    missing: missing.map(entryFields),
    ...(rewrittenAt !== undefined && { rewrittenAt, sameUntil }),
    ...(otherTree && { otherLedger: otherLedgerFields(otherTree) }),
    ...(witnesses && { witnesses: { ...witnesses, at: timeOf(witnesses.at) } }),
    evidence,
  };
}

/** Returns what a member gives up that accepts this ledger. */
export function givenUpLines(
  { checkpoint, unproven }: MemberAudit,
  { earlier }: KnownLedger,
): string[] {
  return [
    ...(earlier ? ["The ledger of your last good audit:", earlier.checkpoint.trimEnd()] : []),
    "The ledger as it is now, without what you give up:",
    checkpoint.trimEnd(),
    ...unproven.map((receipt) => `Given up: ${entryText(receipt)}`),
    "Given up: what other members saw until now, where it differs",
  ];
}

/** Returns the members by which JSON names an entry. */
export function entryFields({ id, entry, payer: from, payee: to, amount }: Receipt): object {
  return { id, entry, from, to, amount };
}

function entryText({ id, entry, payer, payee, amount }: Receipt): string {
  return `entry ${entry}, ${payer} paid ${payee} ${amount}, id ${id}`;
}

function otherLedgerFields({ seenBy, entry: entries, head, checkpoint }: PeerTree): object {
  return { seenBy, entries, head, checkpoint };
}

/** Returns what to do after an audit that failed. */
export function alarmAdvice(
  { evidence }: AuditFiles = {},
  typed: TypeCommand = (words) => words,
): string[] {
  return [
    ...(evidence === undefined ? [] : [evidenceText(evidence)]),
    `Tell the other members, and compare what this prints for each of you: ${typed("audit")}`,
    `If the operator told you why, accept the ledger as it is now: ${typed("audit --accept")}`,
    "Keep your receipts and the evidence: they show what the server signed.",
  ];
}

/** Returns what an audit found, for people. */
export function auditLines(audit: MemberAudit): string[] {
  const { entries, receipts, head, missing, otherTree, rewrittenAt, sameUntil } = audit;
  // The tree tells only that there is a row, not which kind.
  const followed = `${entries} entries and account changes followed`;
  const lines = [`${followed}, ${receipts} receipts looked for`, `head ${head}`];
  if (rewrittenAt !== undefined) {
    const first = sameUntil + 1;
    const which = first === rewrittenAt
      ? `entry ${first}`
      : `one of the entries ${first} to ${rewrittenAt}`;
    lines.push(`The ledger was rewritten: ${which} is the first that is changed or gone`);
  }
  if (otherTree) {
    const { seenBy, entry, head } = otherTree;
    lines.push(
      `The server showed ${seenBy} another ledger: ${entry} entries and account changes, head ${head}`,
    );
  }
  for (const receipt of missing) lines.push(`Missing: ${entryText(receipt)}`);
  if (audit.witnesses) lines.push(witnessLine(audit.witnesses));
  if (isInOrder(audit)) lines.push(inOrderLine(receipts));
  return lines;
}

function witnessLine({ entries, at, cosigned, absent }: WitnessCount): string {
  const all = cosigned.length + absent.length;
  const count = `${cosigned.length} of ${all} witnesses`;
  const others = absent.length === 0 ? "" : `; not ${absent.join(", ")}`;
  return `${count} cosigned the ledger of ${entries} rows, published at ${timeOf(at)}${others}`;
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Without a receipt the audit compared nothing, so the sentence must not reassure. */
function inOrderLine(receipts: number): string {
  return receipts > 0
    ? "All correct: everything you hold is there, and the ledger only grew."
    : "All correct so far: the ledger only grew. You hold no receipts; receive --since 0 fetches those of payments to you.";
}
