/**
 * The checkpoint: the server's signed statement of the log's length and root. Its text is a signed
 * note (C2SP `signed-note` and `tlog-checkpoint`), so tools of other transparency logs read it:
 *
 *     micropay:ledger:<fingerprint of the CA certificate>
 *     <size>
 *     <root, 32 bytes in base64>
 *     time <seconds since the epoch>
 *     <an empty line>
 *     — micropay:ledger:<fingerprint> <key id and signature in base64>
 */
import { Buffer } from "node:buffer";
import { decodeBase64Strict, encodeBase64 } from "../base64.ts";
import { isSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { checkpointCharactersMax } from "../limits.ts";
import { emptyTree, rootOf } from "../ledger/merkle_tree.ts";
import type { TreeHead } from "../ledger/tree_proofs.ts";
import type { Identity } from "../pki/identity.ts";
import type { PublicKey } from "../pki/signing_key.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { findSignature, noteSigner, signatureLine } from "./signed_note.ts";

/** The state of the ledger's log. */
export interface Checkpoint extends TreeHead {
  /** When the server signed it, in seconds since the epoch. */
  readonly at: number;
}

/** A verified checkpoint. Only {@link signCheckpoint} and {@link verifyCheckpoint} make one. */
export interface SignedCheckpoint extends Checkpoint {
  /** The signed note, unchanged. It ends with a newline. */
  readonly text: string;
}

const encoder = new TextEncoder();

const rootBytes = 32;

/** Signs the state of the server's log. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): SignedCheckpoint {
  const { size, head, at } = checkpoint;
  const { publicKey } = identity.signingKey;
  const origin = originOf(anchor);
  const body = `${origin}\n${size}\n${encodeBase64(Buffer.from(head, "hex"))}\ntime ${at}\n`;
  const signature = identity.signingKey.sign(encoder.encode(body));
  const line = signatureLine(noteSigner(origin, publicKey, "ed25519"), signature);
  return { ...checkpoint, text: `${body}\n${line}` };
}

/**
 * Verifies a checkpoint: its form, its ledger, and the server's signature. Signatures by others are
 * passed over.
 *
 * @param text the signed note
 * @param options.publicKey the server's
 * @throws {EnvelopeError} when one of these checks fails
 */
export function verifyCheckpoint(
  text: string,
  { anchor, publicKey }: { anchor: TrustAnchor; publicKey: PublicKey },
): SignedCheckpoint {
  const { body, origin, size, head, at, signatures } = readCheckpointNote(text);
  if (origin !== originOf(anchor)) {
    throw new EnvelopeError(`check a checkpoint: it is of the log ${origin}`);
  }
  const signature = findSignature(signatures, noteSigner(origin, publicKey, "ed25519"));
  if (!signature || !publicKey.verify(encoder.encode(body), signature)) {
    throw new EnvelopeError("check a checkpoint: the server did not sign it");
  }
  return { text, size, head, at };
}

/**
 * Returns when a checkpoint says that it was signed, in seconds since the epoch. Nothing is
 * verified.
 *
 * @throws {EnvelopeError} when it has not the form of a checkpoint
 */
export function checkpointTime(text: string): number {
  return readCheckpointNote(text).at;
}

/** The note of a checkpoint. No signature is verified. */
export interface CheckpointNote extends Checkpoint {
  /** What is signed: all lines before the empty one. */
  readonly body: string;
  readonly origin: string;
  /** The lines after the empty one. */
  readonly signatures: readonly string[];
}

const noteForm = /^(\S+)\n(\d{1,16})\n(\S+)\ntime (\d{1,16})\n\n((?:— \S+ \S+\n)+)$/;

/**
 * Reads the note of a checkpoint. No signature is verified.
 *
 * @throws {EnvelopeError} when it has not the form of one
 */
export function readCheckpointNote(text: string): CheckpointNote {
  const form = text.length <= checkpointCharactersMax ? noteForm.exec(text) : null;
  if (!form) throw new EnvelopeError("read a checkpoint: it is not a signed note of one");
  const [, origin = "", sizeText = "", rootText = "", atText = "", signatures = ""] = form;
  const [size, at] = [Number(sizeText), Number(atText)];
  const root = decodeBase64Strict(rootText);
  // Each number has one text, so a state has one body.
  if (!Number.isSafeInteger(size) || `${size}` !== sizeText) {
    throw new EnvelopeError(`read a checkpoint: ${sizeText} is not a size`);
  }
  if (!isSeconds(at) || `${at}` !== atText) {
    throw new EnvelopeError(`read a checkpoint: ${atText} is not a time`);
  }
  if (root?.length !== rootBytes) {
    throw new EnvelopeError(`read a checkpoint: ${rootText} is not a root`);
  }
  const head = Buffer.from(root).toString("hex");
  // No proof shows the root of an empty tree, so a wrong one would never be found.
  if (size === 0 && head !== rootOf(emptyTree)) {
    throw new EnvelopeError("read a checkpoint: its root is not that of a tree without rows");
  }
  return {
    body: text.slice(0, text.length - signatures.length - 1),
    origin,
    size,
    head,
    at,
    signatures: signatures.trimEnd().split("\n"),
  };
}

function originOf({ fingerprint }: TrustAnchor): string {
  return `micropay:ledger:${fingerprint}`;
}
