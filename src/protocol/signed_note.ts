/**
 * Signed notes (C2SP `signed-note`): a text, an empty line, and signature lines. Each line has the
 * name of a key, and in base64 the id of that key and its signature.
 */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { decodeBase64Strict, encodeBase64 } from "../base64.ts";
import type { PublicKey } from "../pki/signing_key.ts";
import { readPublicKeyInfo } from "../pki/x509/public_key_info.ts";

/** The byte that says what a key signs: a note's text, or a cosignature of it. */
export const noteAlgorithms = { ed25519: 1, cosignature: 4 } as const;

/** The name and the id that a key signs under. */
export interface NoteSigner {
  readonly name: string;
  /** 4 bytes. */
  readonly id: Uint8Array;
}

/** Returns the name and the id of a key: 4 bytes of a hash of name, algorithm and key. */
export function noteSigner(
  name: string,
  publicKey: PublicKey,
  algorithm: keyof typeof noteAlgorithms,
): NoteSigner {
  const hash = createHash("sha256").update(`${name}\n`);
  hash.update(Uint8Array.of(noteAlgorithms[algorithm])).update(readPublicKeyInfo(publicKey.info));
  return { name, id: hash.digest().subarray(0, 4) };
}

/** Returns a signature line with its newline. */
export function signatureLine({ name, id }: NoteSigner, signature: Uint8Array): string {
  return `— ${name} ${encodeBase64(Buffer.concat([id, signature]))}\n`;
}

/** Returns the signature in the first line of this signer, or `undefined` without one. */
export function findSignature(
  lines: readonly string[],
  { name, id }: NoteSigner,
): Uint8Array | undefined {
  for (const line of lines) {
    const [, signer, encoded = ""] = line.split(" ");
    const bytes = signer === name ? decodeBase64Strict(encoded) : undefined;
    if (bytes && Buffer.from(id).equals(bytes.subarray(0, id.length))) {
      return bytes.subarray(id.length);
    }
  }
  return undefined;
}
