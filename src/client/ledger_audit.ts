/**
 * A member's own check of the ledger: that it only grew since the last check, and that the entry of
 * each receipt of the member is still at its place. The server gives proofs alone, made of hashes.
 * Each leaf covers a signature that only the sides of that payment hold, so the member learns
 * nothing of what others paid.
 */
import { encodeBase64 } from "../base64.ts";
import { FileError, messageOf, MicropayError } from "../errors.ts";
import { proofEntriesMax } from "../limits.ts";
import { isConsistent, type TreeHead } from "../ledger/tree_proofs.ts";
import { decodeProof, proofRequestType } from "../protocol/proof.ts";
import { type Refusal } from "../protocol/request_type.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { inclusionFault } from "../protocol/receipt_proof.ts";
import type { Evidence } from "./evidence.ts";
import type { MemberContext } from "./member_context.ts";
import { verifyNewestCheckpoint } from "./newest_checkpoint.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt_check.ts";
import type { AuditedHead, StoredReceipt } from "./wallet/wallet_store.ts";

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
  /** Receipts whose entry is not in the ledger at its place. */
  readonly missing: readonly Receipt[];
  /**
   * The first entry that a receipt or the last audit shows to be changed or gone. Absent when the
   * ledger only grew.
   */
  readonly rewrittenAt?: number | undefined;
  /** The last entry up to which the ledger is known to be unchanged; 0 when nothing is known. */
  readonly sameUntil: number;
  /** What shows it to others. Absent when the ledger only grew. */
  readonly evidence?: Evidence | undefined;
}

export interface AuditOptions {
  /**
   * Whether to leave out the receipts that a good audit has checked. The ledger has them as long as
   * it only grows. Then it is also no failure when the result cannot be kept.
   */
  readonly unauditedOnly?: boolean | undefined;
}

/**
 * Checks that the ledger grew from the head of the last good audit, and that the entry of each
 * receipt is in it. Keeps the newest head, and which receipts were found, as long as nothing is
 * wrong. When the server gives no more proofs after one that shows a fault, that fault is the
 * result.
 *
 * @throws {EnvelopeError} when the server did not sign its checkpoint, or dates it wrongly
 * @throws {ProtocolError} when an answer of the server holds no proofs
 * @throws {FileError} when a stored receipt is not genuine
 */
export async function auditOwnEntries(
  member: MemberContext,
  { unauditedOnly = false }: AuditOptions = {},
): Promise<MemberAudit | Refusal> {
  const { audits, receipts } = member;
  const stored = unauditedOnly ? receipts.unaudited() : receipts.all();
  let known = await audits.last();
  let tree: AuditedHead | undefined;
  let evidence: Evidence | undefined;
  const points: Point[] = [];
  for await (const asked of pagesOf(stored)) {
    let page: AuditedPage | Refusal;
    try {
      page = await auditPage(asked, known, member);
    } catch (error) {
      // A dishonest server can hold back the proofs that follow. What is found stays found.
      if (evidence && error instanceof MicropayError) break;
      throw error;
    }
    if (page.outcome === "refused") {
      if (evidence) break;
      return page;
    }
    points.push(...page.points);
    evidence ??= page.evidence;
    known = tree = page.tree;
    if (evidence || tree.entry === 0) continue;
    try {
      await audits.keep(tree, asked.map(({ id }) => id));
    } catch (error) {
      // The next audit checks the same again.
      if (!unauditedOnly || !(error instanceof FileError)) throw error;
    }
  }
  points.sort((one, other) => one.entry - other.entry);
  const { entry: entries, head, checkpoint } = tree!;
  const rewritten = points.find(({ isSame }) => !isSame);
  const rewrittenAt = rewritten && Math.min(entries + 1, rewritten.entry);
  const same = points.findLast(({ entry, isSame }) => isSame && entry < (rewrittenAt ?? Infinity));
  return {
    outcome: "audited",
    entries,
    receipts: points.filter(({ receipt }) => receipt).length,
    head,
    checkpoint,
    missing: points.flatMap(({ receipt, isMissing }) => isMissing && receipt ? [receipt] : []),
    rewrittenAt,
    sameUntil: same?.entry ?? 0,
    evidence,
  };
}

/** A place in the ledger that the member knows: a receipt, or an earlier tree. */
interface Point {
  readonly entry: number;
  /** Whether the ledger up to there is the one that the member knows. */
  readonly isSame: boolean;
  readonly receipt?: Receipt;
  /** Whether the receipt's entry is not there. */
  readonly isMissing?: boolean;
}

interface AuditedPage {
  readonly outcome: "page";
  readonly points: readonly Point[];
  readonly tree: AuditedHead;
  readonly evidence: Evidence | undefined;
}

/** Checks the newest tree against the one that is known, and at most `proofEntriesMax` receipts. */
async function auditPage(
  asked: readonly StoredReceipt[],
  known: AuditedHead | undefined,
  member: MemberContext,
): Promise<AuditedPage | Refusal> {
  const { anchor, link } = member;
  const receipts = asked.map((stored) => checkStored(stored, member).receipt)
    .sort((one, other) => one.payload.entry - other.payload.entry);
  const entries = receipts.map(({ payload }) => payload.entry);
  const reply = await link.ask(proofRequestType, { size: known?.entry ?? 0, entries });
  if (reply.outcome === "refused") return reply;
  const { der } = link.serverCertificate;
  const { consistency, inclusion } = reply.answer;
  const newest = verifyNewestCheckpoint(reply.answer.checkpoint, member);
  const checked = receipts.map((receipt, index) => {
    const proof = inclusion[index] ?? [];
    return { receipt, proof, point: pointOf(receipt.payload, newest, decodeProof(proof)) };
  });
  const points: Point[] = checked.map(({ point }) => point);
  if (known) {
    const earlier = { size: known.entry, head: known.head };
    const isSame = isConsistent(earlier, newest, decodeProof(consistency));
    points.push({ entry: known.entry, isSame });
  }
  const { size: entry, head, text: checkpoint } = newest;
  const tree = { entry, head, checkpoint, certificate: encodeBase64(der) };
  if (points.every(({ isSame }) => isSame)) {
    return { outcome: "page", points, tree, evidence: undefined };
  }
  // Two receipts of one entry show more together than the one that the ledger lacks.
  const wrong = new Set(points.flatMap(({ entry, isSame }) => isSame ? [] : [entry]));
  const evidence = {
    ledger: anchor.fingerprint,
    ...(known && { earlier: signedTree(known), consistency }),
    newest: signedTree(tree),
    receipts: checked.filter(({ receipt }) => wrong.has(receipt.payload.entry))
      .map(({ receipt: { text: receipt }, proof }) => ({ receipt, proof })),
  };
  return { outcome: "page", points, tree, evidence };
}

function signedTree(
  { checkpoint, certificate: serverCertificate }: AuditedHead,
): Evidence["newest"] {
  return { checkpoint, serverCertificate };
}

/** Checks a receipt's leaf and head with one proof. */
function pointOf(receipt: Receipt, tree: TreeHead, proof: readonly string[]): Point {
  const { entry } = receipt;
  const fault = inclusionFault(receipt, tree, proof);
  return { entry, receipt, isSame: !fault, isMissing: fault === "missing" };
}

/** Yields at least one page, which may be empty. Each goes into one `proof` request. */
async function* pagesOf(stored: AsyncIterable<StoredReceipt>): AsyncGenerator<StoredReceipt[]> {
  let page: StoredReceipt[] = [];
  let isFirst = true;
  for await (const one of stored) {
    page.push(one);
    if (page.length < proofEntriesMax) continue;
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
