/**
 * A member's own check of the ledger: that it only grew since the last check, and that the entry of
 * each receipt of the member is still at its place. The server gives proofs alone, made of hashes.
 * Each leaf covers a signature that only the sides of that payment hold, so the member learns
 * nothing of what others paid.
 */
import { FileError, messageOf, ProtocolError } from "../errors.ts";
import { proofEntriesMax } from "../limits.ts";
import { isConsistent, type TreeHead } from "../ledger/tree_proofs.ts";
import { type SignedCheckpoint, verifyCheckpoint } from "../protocol/checkpoint.ts";
import { decodeProof, proofRequestType } from "../protocol/proof.ts";
import { type Refusal } from "../protocol/request_type.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { inclusionFault } from "../protocol/receipt_proof.ts";
import type { MemberContext } from "./member_context.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt_check.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

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
}

/**
 * Checks that the ledger grew from the head of the last good audit, and that the entry of each
 * receipt is in it. Stores the newest head when nothing is wrong.
 *
 * @throws {EnvelopeError} when the server did not sign its checkpoint
 * @throws {ProtocolError} when the server's answers do not fit together
 * @throws {FileError} when a stored receipt is not genuine
 */
export async function auditOwnEntries(member: MemberContext): Promise<MemberAudit | Refusal> {
  const { anchor, audits, link } = member;
  const receipts = await ownReceipts(member);
  const last = await audits.last();
  const points: Point[] = [];
  let tree: SignedCheckpoint | undefined;
  for (let at = 0; tree === undefined || at < receipts.length; at += proofEntriesMax) {
    const asked = receipts.slice(at, at + proofEntriesMax);
    const known: TreeHead | undefined = tree ?? (last && { size: last.entry, head: last.head });
    const entries = asked.map(({ entry }) => entry);
    const page = await link.ask(proofRequestType, { size: known?.size ?? 0, entries });
    if (page.outcome === "refused") return page;
    const { inclusion } = page.answer;
    const { publicKey } = link.serverCertificate;
    const newest = verifyCheckpoint(page.answer.checkpoint, { anchor, publicKey });
    const { size } = newest;
    const isGrown = known === undefined ||
      isConsistent(known, newest, decodeProof(page.answer.consistency));
    if (tree !== undefined && !isGrown) {
      throw new ProtocolError(
        `audit the ledger: the server shows two ledgers, of ${tree.size} rows and of ${size}`,
      );
    }
    if (tree === undefined && known) points.push({ entry: known.size, isSame: isGrown });
    tree = newest;
    points.push(
      ...asked.map((receipt, index) =>
        pointOf(receipt, newest, decodeProof(inclusion[index] ?? []))
      ),
    );
  }
  points.sort((one, other) => one.entry - other.entry);
  const { size, head, text: checkpoint } = tree;
  const rewritten = points.find(({ isSame }) => !isSame);
  const rewrittenAt = rewritten && Math.min(size + 1, rewritten.entry);
  const same = points.findLast(({ entry, isSame }) => isSame && entry < (rewrittenAt ?? Infinity));
  if (rewrittenAt === undefined && size > 0) await audits.keep({ entry: size, head, checkpoint });
  return {
    outcome: "audited",
    entries: size,
    receipts: receipts.length,
    head,
    checkpoint,
    missing: points.flatMap(({ missing }) => missing ?? []),
    rewrittenAt,
    sameUntil: same?.entry ?? 0,
  };
}

/** A place in the ledger that the member knows: a receipt, or the last good audit. */
interface Point {
  readonly entry: number;
  /** Whether the ledger up to there is the one that the member knows. */
  readonly isSame: boolean;
  /** The receipt, when its entry is not there. */
  readonly missing?: Receipt;
}

/** Checks a receipt's leaf and head with one proof. */
function pointOf(receipt: Receipt, tree: TreeHead, proof: readonly string[]): Point {
  const { entry } = receipt;
  const fault = inclusionFault(receipt, tree, proof);
  return { entry, isSame: !fault, ...(fault === "missing" && { missing: receipt }) };
}

/** Returns this member's receipts by entry. Two for one entry mean that the ledger was rewritten. */
async function ownReceipts(member: MemberContext): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for await (const stored of member.receipts.all()) {
    receipts.push(checkStored(stored, member).receipt.payload);
  }
  return receipts.sort((one, other) => one.entry - other.entry);
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
