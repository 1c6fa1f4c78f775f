/** CHECKPOINT: returns the published checkpoints. COSIGN: takes a witness's cosignature of one. */
import { EnvelopeError } from "../../errors.ts";
import { checkpointRequestType, cosignRequestType } from "../../protocol/published_checkpoint.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import type { AddedCosignature } from "../published_checkpoints.ts";
import { everybodyRoute, mayAsk, type RequestContext } from "../route.ts";

export const checkpointRoute = everybodyRoute({
  requestType: checkpointRequestType,
  notation: () => "Checkpoint",
  async handle(_, context) {
    if (!mayAsk(context)) return refuse(420);
    const { session, server } = context;
    return answerWith({ published: await session.inTurn(() => server.published.newest()) });
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
