/**
 * The server's answer to a member's question about its ledger: does the newest tree begin with the
 * trees that the member knows, and does it have the entries of these receipts?
 */
import { encodeBase64 } from "../base64.ts";
import { sha256Hex } from "../pki/signing_key.ts";
import { proofRequestType, verifyProofs } from "../protocol/proof.ts";
import type { InclusionFault } from "../protocol/receipt_proof.ts";
import type { SignedReceipt } from "../protocol/receipt.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { type Evidence, faultsIn } from "./evidence.ts";
import type { MemberContext } from "./member_context.ts";
import { verifyNewestCheckpoint } from "./newest_checkpoint.ts";
import type { PeerTree } from "./peer_checkpoints.ts";
import type { AuditedHead } from "./wallet/wallet_store.ts";

/** An answer whose signatures are good, and what its proofs show. */
export interface CheckedAnswer {
  readonly outcome: "proofs";
  /** The newest tree. */
  readonly tree: AuditedHead;
  /** When the server signed its checkpoint: seconds since the epoch. */
  readonly at: number;
  readonly known: readonly KnownTree[];
  readonly receipts: readonly CheckedInclusion[];
  /** What convicts the server when a proof does not hold. Absent when all of them hold. */
  readonly evidence: Evidence | undefined;
}

interface KnownTree {
  readonly tree: AuditedHead | PeerTree;
  /** Whether the proof shows that the newest tree begins with this one. */
  readonly isGrown: boolean;
}

interface CheckedInclusion {
  readonly receipt: SignedReceipt;
  /** The inclusion proof of its entry: hashes in base64url. */
  readonly proof: readonly string[];
  /** Absent when the proof shows that the entry is at its place, after the same rows as before. */
  readonly fault: InclusionFault | undefined;
}

/**
 * Asks for proofs, and verifies the answer.
 *
 * @param question.trees at most `proofCheckpointsMax`, each with a row
 * @param question.receipts at most `proofReceiptsMax`
 * @throws {EnvelopeError} when the server did not sign its answer, or dates its checkpoint wrongly
 * @throws {ProtocolError} when the answer holds no proofs
 */
export async function askForProofs(
  { trees, receipts }: {
    readonly trees: readonly (AuditedHead | PeerTree)[];
    readonly receipts: readonly SignedReceipt[];
  },
  asker: Pick<MemberContext, "anchor" | "link">,
): Promise<CheckedAnswer | Refusal> {
  const { anchor, link } = asker;
  const question = {
    checkpoints: trees.map(({ entry: size, checkpoint }) => ({
      size,
      digest: sha256Hex(checkpoint),
    })),
    receipts: receipts.map(({ text, payload: { entry } }) => ({ entry, digest: sha256Hex(text) })),
  };
  const reply = await link.ask(proofRequestType, question);
  if (reply.outcome === "refused") return reply;
  const { answer } = reply;
  verifyProofs(question, answer, link.serverCertificate);
  const newest = verifyNewestCheckpoint(answer.checkpoint, asker);
  const { isGrown, inclusionFaults } = faultsIn(answer, {
    newest,
    trees: trees.map(({ entry: size, head }) => ({ size, head })),
    receipts: receipts.map(({ payload }) => payload),
  });
  const certificate = encodeBase64(link.serverCertificate.der);
  const { size: entry, head, at, text: checkpoint } = newest;
  const isGood = isGrown.every(Boolean) && inclusionFaults.every((fault) => !fault);
  return {
    outcome: "proofs",
    tree: { entry, head, checkpoint, certificate },
    at,
    known: trees.map((tree, index) => ({ tree, isGrown: isGrown[index]! })),
    receipts: receipts.map((receipt, index) => ({
      receipt,
      proof: answer.inclusion[index] ?? [],
      fault: inclusionFaults[index],
    })),
    evidence: isGood ? undefined : {
      ledger: anchor.fingerprint,
      question,
      answer,
      serverCertificate: certificate,
      checkpoints: trees.filter((_, index) => !isGrown[index])
        .map(({ checkpoint, certificate: serverCertificate }) => ({
          checkpoint,
          serverCertificate,
        })),
      receipts: receipts.filter((_, index) => inclusionFaults[index]).map(({ text }) => text),
    },
  };
}
