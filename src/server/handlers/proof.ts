/** PROOF: returns proofs about the Merkle tree of the ledger, all about the same tree. */
import { nowSeconds } from "../../clock.ts";
import { signCheckpoint } from "../../protocol/checkpoint.ts";
import { encodeProof, proofRequestType } from "../../protocol/proof.ts";
import { answerWith } from "../../protocol/request_type.ts";
import { memberRoute } from "../route.ts";

export const proofRoute = memberRoute({
  requestType: proofRequestType,
  notation: ({ size, entries }) => `Proof#${size}#${entries.length}`,
  async handle(query, { session, server }) {
    const { size, head, consistency, inclusion } = await session.inTurn(() =>
      server.ledger.proofs(query)
    );
    const at = nowSeconds(server.clock);
    return answerWith({
      checkpoint: signCheckpoint({ size, head, at }, server).text,
      consistency: encodeProof(consistency),
      inclusion: inclusion.map(encodeProof),
    });
  },
});
