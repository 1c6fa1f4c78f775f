/**
 * A member asks the server to prove that the entry of a receipt is in the newest ledger.
 */
import type { ReceiptProof } from "../protocol/receipt_proof.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { auditOf, checkStored, type MemberAudit } from "./ledger_audit.ts";
import type { MemberContext } from "./member_context.ts";
import { askForProofs } from "./proof_answer.ts";
import type { StoredReceipt } from "./wallet/wallet_store.ts";

export interface ProvenReceipt {
  readonly outcome: "proven";
  readonly proof: ReceiptProof;
}

/**
 * Asks for the proof of a receipt and verifies it.
 *
 * @returns the proof, or the result of an audit of this receipt alone when the ledger was rewritten
 * @throws {EnvelopeError} when the server did not sign its answer, or dates it wrongly
 * @throws {ProtocolError} when the server's answer is not of its shape
 * @throws {FileError} when the stored receipt is not genuine
 */
export async function proveReceipt(
  stored: StoredReceipt,
  member: MemberContext,
): Promise<ProvenReceipt | MemberAudit | Refusal> {
  const { receipt } = checkStored(stored, member);
  const answer = await askForProofs({ trees: [], receipts: [receipt] }, member);
  if (answer.outcome === "refused") return answer;
  const { checkpoint, certificate: serverCertificate } = answer.tree;
  const proof = [...answer.receipts[0]!.proof];
  if (answer.evidence) return auditOf([answer]);
  return { outcome: "proven", proof: { checkpoint, proof, serverCertificate } };
}
