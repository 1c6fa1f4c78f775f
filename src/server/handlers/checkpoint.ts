/** CHECKPOINT: returns the published checkpoints. COSIGN: takes a witness's cosignature of one. */
import { EnvelopeError } from "../../errors.ts";
import {
  checkpointRequestType,
  cosignRequestType,
  type PublishedCheckpoint,
} from "../../protocol/published_checkpoint.ts";
import { encodeProof } from "../../protocol/proof.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { addressGroup } from "../admission/address_group.ts";
import type { AddedCosignature } from "../published_checkpoints.ts";
import { everybodyRoute, type RequestContext } from "../route.ts";

export const checkpointRoute = everybodyRoute({
  requestType: checkpointRequestType,
  notation: ({ size }) => `Checkpoint#${size}`,
  async handle({ size }, context) {
    if (!mayAsk(context)) return refuse(420);
    const { session, server } = context;
    return await session.inTurn(async () => {
      const published: PublishedCheckpoint[] = [];
      for (const { size: publishedSize, text } of await server.published.newest()) {
        const [earlier, until] = [Math.min(size, publishedSize), Math.max(size, publishedSize)];
        const proofs = await server.ledger.proofs({ size: earlier, entries: [], until });
        published.push({ checkpoint: text, consistency: encodeProof(proofs.consistency) });
      }
      return answerWith({ published });
    });
  },
});

export const cosignRoute = everybodyRoute({
  requestType: cosignRequestType,
  notation: () => "Cosign",
  async handle({ checkpoint }, context) {
    if (!mayAsk(context)) return refuse(420);
    const { session, server: { published } } = context;
    const added = await session.inTurn(() => addTo(published, checkpoint));
    switch (added) {
      case "added":
        return answerWith({});
      case "witness_unknown":
        return refuse(430);
      case "not_published":
        return refuse(431);
      case "malformed":
        return refuse(410, "it is no checkpoint");
    }
  },
});

function addTo(
  published: RequestContext["server"]["published"],
  checkpoint: string,
): AddedCosignature | "malformed" {
  try {
    return published.add(checkpoint);
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    return "malformed";
  }
}

/** Returns whether the asker's address may make such a request now. Members may at any time. */
function mayAsk({ session, server }: RequestContext): boolean {
  if (session.speaker.kind === "member") return true;
  return server.strangerRequests.take(addressGroup(session.channel.remote.host));
}
