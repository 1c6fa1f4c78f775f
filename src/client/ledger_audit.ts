/**
 * A member's own check of the ledger: that it only grew since the last check, and that the entry of
 * each receipt of the member is still at its place. The server gives digests alone. Each covers a
 * signature that only the sides of that payment hold, so the member learns nothing of what others
 * paid.
 */
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { FileError, messageOf, ProtocolError } from "../errors.ts";
import { chainHash, entryDigest } from "../ledger/entry.ts";
import { chainRequestType } from "../protocol/chain.ts";
import { type Refusal } from "../protocol/request_type.ts";
import type { Receipt } from "../protocol/receipt.ts";
import type { MemberContext } from "./member_context.ts";
import { type CheckedReceipt, checkReceipt } from "./receipt_check.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

export interface MemberAudit {
  readonly outcome: "audited";
  /** Entries of the chain that were followed. */
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
  /** The last entry up to which the chain is known to be unchanged; 0 when nothing is known. */
  readonly sameUntil: number;
}

/** A receipt, and the digest that the chain must have at its entry. */
interface Expected {
  readonly receipt: Receipt;
  readonly digest: string;
}

/**
 * Follows the whole chain, and stores the head at its end when nothing is wrong.
 *
 * @throws {ProtocolError} when the server's answers do not make a chain
 * @throws {FileError} when a stored receipt is not genuine
 */
export async function auditOwnEntries(member: MemberContext): Promise<MemberAudit | Refusal> {
  const expected = await expectedEntries(member);
  const last = await member.audits.last();
  const missing = new Set([...expected.values()].flat());
  let rewrittenAt: number | undefined;
  let sameUntil = 0;
  let head = member.anchor.fingerprint;
  let entry = 0;
  for (;;) {
    const page = await member.link.ask(chainRequestType, { after: entry });
    if (page.outcome === "refused") return page;
    const { digests } = page.answer;
    if (digests.length === 0) break;
    if (page.answer.head !== head) {
      throw new ProtocolError(
        `follow the chain: the head after entry ${entry} is another than before`,
      );
    }
    for (const digest of digests) {
      head = chainHash(head, digestBytes(digest));
      entry++;
      const known = expected.get(entry) ?? [];
      for (const one of known) if (one.digest === digest) missing.delete(one);
      const heads = known.map(({ receipt }) => receipt.head);
      if (last?.entry === entry) heads.push(last.head);
      if (heads.some((one) => one !== head)) rewrittenAt ??= entry;
      else if (heads.length > 0 && rewrittenAt === undefined) sameUntil = entry;
    }
  }
  const isCutOff = [...expected.keys(), last?.entry ?? 0].some((one) => one > entry);
  if (isCutOff) rewrittenAt ??= entry + 1;
  if (rewrittenAt === undefined && missing.size === 0) {
    if (entry > 0) await member.audits.keep({ entry, head });
  }
  return {
    outcome: "audited",
    entries: entry,
    receipts: [...expected.values()].flat().length,
    head,
    missing: [...missing].map(({ receipt }) => receipt),
    rewrittenAt,
    sameUntil,
  };
}

/**
 * Returns the digests that this member's receipts demand, by entry. Two receipts for one entry mean
 * that the ledger was rewritten.
 */
async function expectedEntries(member: MemberContext): Promise<Map<number, Expected[]>> {
  const expected = new Map<number, Expected[]>();
  for await (const stored of member.receipts.all()) {
    const one = expectedEntry(stored, member);
    const { entry } = one.receipt;
    expected.set(entry, [...expected.get(entry) ?? [], one]);
  }
  return expected;
}

function expectedEntry(
  stored: StoredReceipt,
  member: MemberContext,
): Expected {
  const { receipt: { payload: receipt }, order } = checkStored(stored, member);
  const memo = order?.payload.memo;
  const orderJws = stored.order;
  const digest = entryDigest({
    number: receipt.entry,
    id: receipt.id,
    kind: receipt.kind,
    payer: receipt.payer,
    payee: receipt.payee,
    amount: receipt.amount,
    ...(memo !== undefined && { memo }),
    ...(receipt.refunds !== undefined && { refunds: receipt.refunds }),
    orderJws,
    atMs: Date.parse(receipt.at),
  });
  return { receipt, digest: encodeBase64Url(digest) };
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

function digestBytes(text: string): Uint8Array {
  const bytes = decodeBase64UrlStrict(text);
  if (bytes?.length !== 32) throw new ProtocolError("follow the chain: a digest is not 32 bytes");
  return bytes;
}
