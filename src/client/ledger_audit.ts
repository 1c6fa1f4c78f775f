/**
 * A member's own check of the ledger: that it only grew since the last check and from what its
 * peers saw, and that the entry of each receipt of the member is still at its place. The server
 * gives proofs alone, made of hashes. Each leaf covers a signature that only the sides of that
 * payment hold, so the member learns nothing of what others paid.
 */
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { proofCheckpointsMax, proofReceiptsMax } from "../limits.ts";
import type { VerifierKey } from "../protocol/cosignature.ts";
import { type Refusal } from "../protocol/request_type.ts";
import type { Receipt } from "../protocol/receipt.ts";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member_context.ts";
import type { PeerTree } from "./peer_checkpoints.ts";
import { askForPublished } from "./published_checkpoint.ts";
import { askForProofs, type CheckedAnswer } from "./proof_answer.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt_check.ts";
import type { AuditedHead, StoredReceipt } from "./wallet/wallet_store.ts";
import { countWitnesses, type WitnessCount } from "./witness_count.ts";

export interface MemberAudit {
  readonly outcome: "audited";
  /** Entries and account changes of the ledger. */
  readonly entries: number;
  /** The number of receipts that were compared with the ledger. */
  readonly receipts: number;
  /** The head after the last entry: 64 hexadecimal digits. */
  readonly head: string;
  /** What the server signed about it, a signed note. */
  readonly checkpoint: string;
  /** When the server signed it: seconds since the epoch. */
  readonly at: number;
  /** The certificate of the server that signed it: DER in base64. */
  readonly certificate: string;
  /** Receipts that the ledger does not prove: missing ones, and those after other rows. */
  readonly unproven: readonly Receipt[];
  /** Receipts whose entry is not in the ledger at its place. */
  readonly missing: readonly Receipt[];
  /**
   * The first entry that a receipt or the last audit shows to be changed or gone. Absent when the
   * ledger only grew.
   */
  readonly rewrittenAt?: number | undefined;
  /** The last entry up to which the ledger is known to be unchanged; 0 when nothing is known. */
  readonly sameUntil: number;
  /** A tree that a peer saw, and that the ledger did not grow from. */
  readonly otherTree?: PeerTree | undefined;
  /** What shows it to others. Absent when the ledger only grew. */
  readonly evidence?: Evidence | undefined;
  /** Who cosigned what the server published. Absent when no witnesses were asked about. */
  readonly witnesses?: WitnessCount | undefined;
}

export interface AuditOptions {
  /**
   * Whether to leave out the receipts that a good audit has checked. The ledger has them as long as
   * it only grows. Then it is also no failure when the result cannot be kept.
   */
  readonly unauditedOnly?: boolean | undefined;
  /**
   * The witnesses to look for. With one or more, the audit also checks that the member sees the
   * ledger that the server published.
   */
  readonly witnesses?: readonly VerifierKey[] | undefined;
}

/**
 * Checks that the ledger grew from the head of the last good audit and from the trees that peers
 * saw, and that the entry of each receipt is in it. Keeps the newest head, and which receipts were
 * found, as long as nothing is wrong. When the server gives no more proofs after one that shows a
 * fault, that fault is the result.
 *
 * @throws {EnvelopeError} when the server did not sign an answer, or dates it wrongly
 * @throws {ProtocolError} when an answer of the server holds no proofs
 * @throws {FileError} when a stored receipt is not genuine
 */
export async function auditOwnEntries(
  member: MemberContext,
  { unauditedOnly = false, witnesses = [] }: AuditOptions = {},
): Promise<MemberAudit | Refusal> {
  const { audits, peerCheckpoints, receipts } = member;
  const published = witnesses.length > 0 ? await askForPublished(member) : undefined;
  if (published?.outcome === "refused") return published;
  // The first question has them. An empty tree needs no proof, because every other begins with it.
  let others = (published?.trees ?? []).filter(({ entry }) => entry > 0);
  const stored = unauditedOnly ? receipts.unaudited() : receipts.auditable();
  const answers: CheckedAnswer[] = [];
  const last = await audits.last();
  // A member may have accepted a ledger without a row.
  let known = last && last.entry > 0 ? last : undefined;
  for await (const asked of pagesOf(stored)) {
    const hasFailed = answers.some(({ evidence }) => evidence);
    let answer: CheckedAnswer | Refusal;
    try {
      const own = [...(known ? [known] : []), ...others];
      const peers = peerCheckpoints.unchecked(proofCheckpointsMax - own.length, last);
      answer = await askAboutPage(asked, [...own, ...peers], member);
      others = [];
      // After a refusal, the next audit asks about them again.
      if (answer.outcome === "proofs") peerCheckpoints.forget(peers);
    } catch (error) {
      // A dishonest server can hold back the proofs that follow. What is found stays found.
      if (hasFailed && error instanceof MicropayError) break;
      throw error;
    }
    if (answer.outcome === "refused") {
      if (hasFailed) break;
      return answer;
    }
    answers.push(answer);
    known = answer.tree.entry > 0 ? answer.tree : undefined;
    if (hasFailed || answer.evidence || !known) continue;
    try {
      await audits.keep(known, asked.map(({ id }) => id));
    } catch (error) {
      // The next audit checks the same again.
      if (!unauditedOnly || !(error instanceof FileError)) throw error;
    }
  }
  const count = published && countWitnesses(published.trees, witnesses);
  return { ...auditOf(answers), witnesses: count };
}

/**
 * Accepts a ledger that does not only grow from the one that the member knows. Later audits begin
 * with it. They look no more for the receipts that it does not prove, and do not compare it with
 * what peers saw until then.
 *
 * @throws {FileError} when that cannot be kept
 */
export function acceptLedger(
  { entries: entry, head, checkpoint, at, certificate, unproven }: MemberAudit,
  { audits }: MemberContext,
): Promise<void> {
  return audits.accept(
    { entry, head, checkpoint, certificate },
    { acceptedAt: at, givenUp: unproven.map(({ id }) => id) },
  );
}

/** Asks about known trees, and about at most `proofReceiptsMax` receipts. */
function askAboutPage(
  asked: readonly StoredReceipt[],
  trees: readonly (AuditedHead | PeerTree)[],
  member: MemberContext,
): Promise<CheckedAnswer | Refusal> {
  const receipts = asked.map((stored) => checkStored(stored, member).receipt)
    .sort((one, other) => one.payload.entry - other.payload.entry);
  return askForProofs({ trees, receipts }, member);
}

/** A place in the ledger that the member knows: a receipt, or an earlier tree. */
interface Point {
  readonly entry: number;
  /** Whether the ledger up to there is the one that the member knows. */
  readonly isSame: boolean;
}

/** Returns what the server's answers show together. There is at least one. */
export function auditOf(answers: readonly CheckedAnswer[]): MemberAudit {
  const { tree: { entry: entries, head, checkpoint, certificate }, at } = answers.at(-1)!;
  const proven = answers.flatMap(({ receipts }) => receipts)
    .map(({ receipt: { payload }, fault }) => ({ payload, fault }))
    .sort((one, other) => one.payload.entry - other.payload.entry);
  const known = answers.flatMap((answer) => answer.known);
  const points: Point[] = [
    ...known.filter(({ tree }) => !("seenBy" in tree))
      .map(({ tree, isGrown }) => ({ entry: tree.entry, isSame: isGrown })),
    ...proven.map(({ payload: { entry }, fault }) => ({ entry, isSame: !fault })),
  ].sort((one, other) => one.entry - other.entry);
  const changed = points.find(({ isSame }) => !isSame);
  const rewrittenAt = changed && Math.min(entries + 1, changed.entry);
  const same = points.findLast(({ entry, isSame }) => isSame && entry < (rewrittenAt ?? Infinity));
  return {
    outcome: "audited",
    entries,
    receipts: proven.length,
    head,
    checkpoint,
    at,
    certificate,
    unproven: proven.filter(({ fault }) => fault).map(({ payload }) => payload),
    missing: proven.filter(({ fault }) => fault === "missing").map(({ payload }) => payload),
    rewrittenAt,
    sameUntil: same?.entry ?? 0,
    otherTree: known.flatMap(({ tree, isGrown }) => !isGrown && "seenBy" in tree ? [tree] : [])[0],
    evidence: answers.find(({ evidence }) => evidence)?.evidence,
  };
}

/** Yields at least one page, which may be empty. Each goes into one `proof` request. */
async function* pagesOf(stored: AsyncIterable<StoredReceipt>): AsyncGenerator<StoredReceipt[]> {
  let page: StoredReceipt[] = [];
  let isFirst = true;
  for await (const one of stored) {
    page.push(one);
    if (page.length < proofReceiptsMax) continue;
    yield page;
    [page, isFirst] = [[], false];
  }
  if (isFirst || page.length > 0) yield page;
}

/**
 * Checks a receipt of the wallet.
 *
 * @throws {FileError} when it is not genuine
 */
export function checkStored(
  { id, receipt, order }: StoredReceipt,
  { anchor, receiptsFile }: MemberContext,
): CheckedReceipt {
  try {
    return checkReceipt(receipt, order, { anchor });
  } catch (cause) {
    throw new FileError(
      `check the receipt ${id} in ${receiptsFile}: ${
        messageOf(cause)
      }; delete its row with sqlite3`,
      { cause },
    );
  }
}
