/**
 * A member's own check of the ledger: that it only grew since the last check, and that the entry of
 * each receipt of the member is still at its place. The server gives the leaves of the tree alone.
 * Each covers a signature that only the sides of that payment hold, so the member learns nothing of
 * what others paid.
 */
import { encodeHex } from "@std/encoding/hex";
import { decodeBase64UrlStrict } from "../base64.ts";
import { FileError, messageOf, ProtocolError } from "../errors.ts";
import { appendLeaf, emptyTree, rootOf } from "../ledger/merkle_tree.ts";
import { chainRequestType } from "../protocol/chain.ts";
import { type Refusal } from "../protocol/request_type.ts";
import type { Receipt } from "../protocol/receipt.ts";
import type { MemberContext } from "./member_context.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt_check.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

export interface MemberAudit {
  readonly outcome: "audited";
  /** Entries and account changes that were followed. */
  readonly entries: number;
  /** The number of receipts that were compared with the ledger. */
  readonly receipts: number;
  /** The head after the last entry: 64 hexadecimal digits. */
  readonly head: string;
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
 * Follows all leaves, and stores the head at their end when nothing is wrong.
 *
 * @throws {ProtocolError} when the server's answers do not fit together
 * @throws {FileError} when a stored receipt is not genuine
 */
export async function auditOwnEntries(member: MemberContext): Promise<MemberAudit | Refusal> {
  const receipts = await ownReceipts(member);
  const last = await member.audits.last();
  const missing = new Set([...receipts.values()].flat());
  let rewrittenAt: number | undefined;
  let sameUntil = 0;
  let tree = emptyTree;
  for (;;) {
    const page = await member.link.ask(chainRequestType, { after: tree.size });
    if (page.outcome === "refused") return page;
    const { leaves } = page.answer;
    if (leaves.length === 0) break;
    if (page.answer.head !== rootOf(tree)) {
      throw new ProtocolError(
        `follow the ledger: the head after entry ${tree.size} is another than before`,
      );
    }
    for (const text of leaves) {
      const leaf = decodeLeaf(text);
      tree = appendLeaf(tree, leaf).tree;
      const entry = tree.size;
      const known = receipts.get(entry) ?? [];
      for (const one of known) if (one.leaf === leaf) missing.delete(one);
      const heads = known.map((receipt) => receipt.head);
      if (last?.entry === entry) heads.push(last.head);
      if (heads.length === 0) continue;
      if (heads.some((one) => one !== rootOf(tree))) rewrittenAt ??= entry;
      else if (rewrittenAt === undefined) sameUntil = entry;
    }
  }
  const [entry, head] = [tree.size, rootOf(tree)];
  const isCutOff = [...receipts.keys(), last?.entry ?? 0].some((one) => one > entry);
  if (isCutOff) rewrittenAt ??= entry + 1;
  if (rewrittenAt === undefined && missing.size === 0) {
    if (entry > 0) await member.audits.keep({ entry, head });
  }
  return {
    outcome: "audited",
    entries: entry,
    receipts: [...receipts.values()].flat().length,
    head,
    missing: [...missing],
    rewrittenAt,
    sameUntil,
  };
}

/** Returns this member's receipts by entry. Two for one entry mean that the ledger was rewritten. */
async function ownReceipts(member: MemberContext): Promise<Map<number, Receipt[]>> {
  const receipts = new Map<number, Receipt[]>();
  for await (const stored of member.receipts.all()) {
    const { receipt: { payload: receipt } } = checkStored(stored, member);
    receipts.set(receipt.entry, [...receipts.get(receipt.entry) ?? [], receipt]);
  }
  return receipts;
}

function checkStored(
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

/** Returns a leaf as 64 hex digits. */
function decodeLeaf(text: string): string {
  const bytes = decodeBase64UrlStrict(text);
  if (bytes?.length === 32) return encodeHex(bytes);
  throw new ProtocolError("follow the ledger: a leaf is not 32 bytes");
}
