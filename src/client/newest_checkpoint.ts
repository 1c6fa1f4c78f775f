/**
 * The checkpoint of the newest ledger, as the server sends it with proofs.
 */
import { EnvelopeError } from "../errors.ts";
import { checkpointAgeMsMax } from "../limits.ts";
import { type SignedCheckpoint, verifyCheckpoint } from "../protocol/checkpoint.ts";
import type { MemberContext } from "./member_context.ts";

/**
 * Verifies a checkpoint that the server has just signed. Its time must be that of the server's
 * messages, because a receipt with a proof states it.
 *
 * @param text the signed note
 * @throws {EnvelopeError} when the server did not sign it, or states another time in it
 */
export function verifyNewestCheckpoint(
  text: string,
  { anchor, link }: Pick<MemberContext, "anchor" | "link">,
): SignedCheckpoint {
  const { publicKey } = link.serverCertificate;
  const checkpoint = verifyCheckpoint(text, { anchor, publicKey });
  const [signedMs, nowMs] = [checkpoint.at * 1000, link.nowMs()];
  if (Math.abs(signedMs - nowMs) <= checkpointAgeMsMax) return checkpoint;
  const [signed, now] = [signedMs, nowMs].map((ms) => new Date(ms).toISOString());
  throw new EnvelopeError(
    `check a checkpoint: the server dates it ${signed}, and its message ${now}; ` +
      "tell the operator",
  );
}
