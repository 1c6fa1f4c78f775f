/**
 * Checkpoints that a server of this ledger signed, at any time. Its certificate is in the folder of
 * certificates, or in the ledger when it signed an opening, a deposit or a withdrawal.
 */
import { readTextIfThere } from "../durable_files.ts";
import { EnvelopeError, MicropayError } from "../errors.ts";
import { issuingAccount } from "../ledger/entry.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { certificatePathsIn } from "../pki/certificate_folder.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import { pemToDers } from "../pki/pem.ts";
import type { PublicKey } from "../pki/signing_key.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type SignedCheckpoint, verifyCheckpoint } from "../protocol/checkpoint.ts";

/** Returns the keys of the servers' certificates, from the folder and from the ledger. */
export async function readServerKeys(
  folder: string,
  { snapshot, anchor }: {
    readonly snapshot: Pick<LedgerSnapshot, "certificatesOf">;
    readonly anchor: TrustAnchor;
  },
): Promise<PublicKey[]> {
  const keys: PublicKey[] = [];
  const add = (read: () => Uint8Array<ArrayBuffer> | undefined) => {
    try {
      const der = read();
      const atMs = ({ notBeforeMs }: { readonly notBeforeMs: number }) => notBeforeMs;
      if (der) keys.push(verifyChain([der], { anchor, role: "server", atMs }).publicKey);
    } catch (error) {
      // Another one may be the signer's. The audit reports those of the ledger.
      if (!(error instanceof MicropayError)) throw error;
    }
  };
  for (const path of certificatePathsIn(folder)) {
    add(() => pemToDers(readTextIfThere(path) ?? "", "CERTIFICATE")[0]);
  }
  const certificates = (await snapshot.certificatesOf([issuingAccount])).get(issuingAccount);
  for (const { der } of certificates ?? []) {
    add(() => der instanceof Uint8Array ? new Uint8Array(der) : undefined);
  }
  return keys;
}

/**
 * Verifies a checkpoint under one of several keys.
 *
 * @throws {EnvelopeError} when its form is wrong, it is of another ledger, or no key signed it
 */
export function verifyServersCheckpoint(
  text: string,
  { anchor, keys }: { readonly anchor: TrustAnchor; readonly keys: readonly PublicKey[] },
): SignedCheckpoint {
  let reason: unknown;
  for (const publicKey of keys) {
    try {
      return verifyCheckpoint(text, { anchor, publicKey });
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      reason = error;
    }
  }
  throw reason ?? new EnvelopeError("check a checkpoint: there is no certificate of its server");
}
