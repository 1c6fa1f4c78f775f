/** The program of a signing thread: see `signing_pool.ts`. */
import { decodeHex } from "@std/encoding/hex";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { readTrustAnchorPem } from "../../src/pki/trust_anchor.ts";
import { signOrder } from "../../src/protocol/order.ts";
import { plannedEntry } from "./planned_entries.ts";
import { signatureBytes, signedBytes, type SigningJob, type SigningStart } from "./signing_pool.ts";

/** The thread's side of its worker, which the types of the main thread do not have. */
const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
};

thread.onmessage = ({ data: start }) => {
  const sign = makeSigner(start as SigningStart);
  thread.onmessage = ({ data: job }) => {
    const signed = sign(job as SigningJob);
    thread.postMessage(signed, [signed.buffer]);
  };
};

function makeSigner({ plan, anchorPem, members }: SigningStart) {
  const anchor = readTrustAnchorPem(anchorPem, { atMs: plan.startMs });
  const identities: Identity[] = [];
  return ({ first, count }: SigningJob): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(count * signedBytes);
    for (let index = 0; index < count; index++) {
      const { terms, payer, atMs } = plannedEntry(first + index, plan);
      const options = { ...members[payer]!, anchor, role: "member", atMs } as const;
      const identity = identities[payer] ??= openIdentity(options);
      const { signature, digest } = signOrder(terms, {
        identity,
        anchor,
        clock: { nowMs: () => atMs },
      });
      bytes.set(signature, index * signedBytes);
      bytes.set(decodeHex(digest), index * signedBytes + signatureBytes);
    }
    return bytes;
  };
}
