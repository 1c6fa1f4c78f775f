/**
 * The newest checkpoint that a member verified, as it shows it to another member. A server that
 * keeps two histories cannot prove to either member that its ledger grew from the other's.
 */
import * as v from "valibot";
import { decodeBase64Strict } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { serverCertificateCharactersMax } from "../limits.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { PublicKey } from "../pki/signing_key.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Validity } from "../pki/x509/validity.ts";
import { type SignedCheckpoint, verifyCheckpoint } from "./checkpoint.ts";
import { checkpointNoteShape } from "./shapes.ts";

/** The certificate of a server: DER in base64. */
export const serverCertificateShape = v.pipe(
  v.string(),
  v.maxLength(serverCertificateCharactersMax),
);

export const seenCheckpointShape = v.strictObject({
  /** A signed note. */
  checkpoint: checkpointNoteShape,
  /** The certificate of the server that signed it. */
  serverCertificate: serverCertificateShape,
});
export type SeenCheckpoint = v.InferOutput<typeof seenCheckpointShape>;

/**
 * Verifies a checkpoint with the certificate that comes with it.
 *
 * @throws {EnvelopeError} when that server did not sign it for this ledger
 * @throws {CertificateError} when the certificate is not of a server of this ledger
 */
export function verifySeenCheckpoint(
  { checkpoint, serverCertificate }: SeenCheckpoint,
  { anchor }: { anchor: TrustAnchor },
): SignedCheckpoint {
  return verifyCheckpoint(checkpoint, {
    anchor,
    publicKey: serverKey(serverCertificate, { anchor }),
  });
}

/**
 * Returns the key of a server, of whatever date: one that states a wrong time signed all the same.
 *
 * @param certificate DER in base64
 * @throws {EnvelopeError} when it is not base64
 * @throws {CertificateError} when it is not the certificate of a server of this ledger
 */
export function serverKey(certificate: string, { anchor }: { anchor: TrustAnchor }): PublicKey {
  const der = decodeBase64Strict(certificate);
  if (!der) throw new EnvelopeError("check a checkpoint: its serverCertificate is not base64");
  const atMs = ({ notBeforeMs }: Validity) => notBeforeMs;
  return verifyChain([der], { anchor, role: "server", atMs }).publicKey;
}
