/**
 * A member asks the server to prove that the entry of a receipt is in the newest ledger.
 */
import { encodeBase64 } from "../base64.ts";
import { decodeProof, proofRequestType } from "../protocol/proof.ts";
import { inclusionFault, type ReceiptProof } from "../protocol/receipt_proof.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { checkStored, type MemberAudit } from "./ledger_audit.ts";
import type { MemberContext } from "./member_context.ts";
import { verifyNewestCheckpoint } from "./newest_checkpoint.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

export interface ProvenReceipt {
  readonly outcome: "proven";
  readonly proof: ReceiptProof;
}

/**
 * Asks for the proof of a receipt and verifies it.
 *
 * @returns the proof, or the result of an audit of this receipt alone when the ledger was rewritten
 * @throws {EnvelopeError} when the server did not sign its checkpoint, or dates it wrongly
 * @throws {ProtocolError} when the server's answer is not of its shape
 * @throws {FileError} when the stored receipt is not genuine
 */
export async function proveReceipt(
  stored: StoredReceipt,
  member: MemberContext,
): Promise<ProvenReceipt | MemberAudit | Refusal> {
  const { link } = member;
  const receipt = checkStored(stored, member).receipt.payload;
  const { entry } = receipt;
  const reply = await link.ask(proofRequestType, { size: 0, entries: [entry] });
  if (reply.outcome === "refused") return reply;
  const { checkpoint, inclusion: [proof = []] } = reply.answer;
  const { der } = link.serverCertificate;
  const tree = verifyNewestCheckpoint(checkpoint, member);
  const fault = inclusionFault(receipt, tree, decodeProof(proof));
  if (fault === undefined) {
    return {
      outcome: "proven",
      proof: { checkpoint, proof, serverCertificate: encodeBase64(der) },
    };
  }
  const { size, head } = tree;
  return {
    ...{ outcome: "audited", entries: size, receipts: 1, head, checkpoint },
    missing: fault === "missing" ? [receipt] : [],
    rewrittenAt: Math.min(size + 1, entry),
    sameUntil: 0,
  };
}
