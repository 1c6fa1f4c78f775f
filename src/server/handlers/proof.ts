/** PROOF: returns signed proofs about the Merkle tree of the ledger, all about the same tree. */
import { nowSeconds } from "../../clock.ts";
import { signCheckpoint } from "../../protocol/checkpoint.ts";
import { encodeProof, proofRequestType, signProofs } from "../../protocol/proof.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { everybodyRoute, mayAsk } from "../route.ts";

export const proofRoute = everybodyRoute({
  requestType: proofRequestType,
  notation: ({ checkpoints, receipts }) => `Proof#${checkpoints.length}#${receipts.length}`,
  async handle(question, context) {
    if (!mayAsk(context)) return refuse(420);
    const { session, server } = context;
    const sizes = question.checkpoints.map(({ size }) => size);
    const entries = question.receipts.map(({ entry }) => entry);
    const { size, head, consistency, inclusion } = await session.read(() =>
      server.ledger.proofs({ sizes, entries })
    );
    const at = nowSeconds(server.clock);
    const proofs = {
      checkpoint: signCheckpoint({ size, head, at }, server).text,
      consistency: consistency.map(encodeProof),
      inclusion: inclusion.map(encodeProof),
    };
    return answerWith(signProofs(question, proofs, server.identity));
  },
});
