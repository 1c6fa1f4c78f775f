/**
 * The checkpoints that the server published, which its witnesses cosign.
 */
import { encodeBase64 } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { publishedAgeMsMax } from "../limits.ts";
import { verifyCheckpoint } from "../protocol/checkpoint.ts";
import { checkpointRequestType } from "../protocol/published_checkpoint.ts";
import type { Refusal } from "../protocol/request_type.ts";
import type { MemberContext } from "./member_context.ts";
import type { AuditedHead } from "./wallet/wallet_store.ts";

/** A published checkpoint. That it is consistent with others is not verified. */
export interface PublishedTree extends AuditedHead {
  /** When the server signed it, in seconds since the epoch. */
  readonly at: number;
}

/**
 * Asks for the published checkpoints, and verifies the server's signatures.
 *
 * @returns the newest, and perhaps an earlier one with more cosignatures
 * @throws {EnvelopeError} when the server did not sign one, or the newest is old
 */
export async function askForPublished(
  { anchor, link }: Pick<MemberContext, "anchor" | "link">,
): Promise<{ readonly outcome: "published"; readonly trees: readonly PublishedTree[] } | Refusal> {
  const reply = await link.ask(checkpointRequestType, {});
  if (reply.outcome === "refused") return reply;
  const { der, publicKey } = link.serverCertificate;
  const certificate = encodeBase64(der);
  const trees = reply.answer.published.map((checkpoint) => {
    const { size: entry, head, at } = verifyCheckpoint(checkpoint, { anchor, publicKey });
    return { entry, head, checkpoint, certificate, at };
  });
  // An old one could hide what came since.
  const ageMs = Math.abs(trees[0]!.at * 1000 - link.nowMs());
  if (ageMs <= publishedAgeMsMax) return { outcome: "published", trees };
  throw new EnvelopeError(
    `check the published checkpoint: the server dates it ${Math.round(ageMs / 1000)} seconds ` +
      "from its message; tell the operator",
  );
}
