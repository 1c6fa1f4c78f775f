/**
 * Cosignatures (C2SP `tlog-cosignature`): a witness states that a checkpoint is consistent with all
 * that it has cosigned before, and when. The statement is one more signature line of the
 * checkpoint.
 */
import { Buffer } from "node:buffer";
import { decodeBase64Strict, encodeBase64 } from "../base64.ts";
import { isSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { witnessNameCharactersMax } from "../limits.ts";
import { PublicKey, type SigningKey } from "../pki/signing_key.ts";
import { encodePublicKeyInfo, readPublicKeyInfo } from "../pki/x509/public_key_info.ts";
import { readCheckpointNote } from "./checkpoint.ts";
import {
  findSignature,
  noteAlgorithms,
  type NoteSigner,
  noteSigner,
  signatureLine,
} from "./signed_note.ts";

/** The name and the public key of a witness. */
export interface VerifierKey extends NoteSigner {
  readonly publicKey: PublicKey;
  /**
   * The form in which people pass it on (C2SP `signed-note`): the name, the id in hexadecimal
   * digits, and in base64 the algorithm and the key, with a `+` between them.
   */
  readonly text: string;
}

/** The rule for the name of a witness, as an end of a sentence. */
export const witnessNameRule =
  `a witness's name is 1 to ${witnessNameCharactersMax} visible ASCII characters without a +`;

/** Returns whether a text may be the name of a witness. A `+` and a blank separate names. */
export function isWitnessName(text: string): boolean {
  return /^[\x21-\x2a\x2c-\x7e]+$/.test(text) && text.length <= witnessNameCharactersMax;
}

/** Returns the verifier key of a witness's name and public key. */
export function verifierKey(name: string, publicKey: PublicKey): VerifierKey {
  const signer = noteSigner(name, publicKey, "cosignature");
  const key = Uint8Array.of(noteAlgorithms.cosignature, ...readPublicKeyInfo(publicKey.info));
  const id = Buffer.from(signer.id).toString("hex");
  return { ...signer, publicKey, text: `${name}+${id}+${encodeBase64(key)}` };
}

/**
 * Reads the text of a verifier key.
 *
 * @throws {EnvelopeError} when it is not the one text of a witness's name and key
 * @throws {CertificateError} when its key is not a point of prime order
 */
export function readVerifierKey(text: string): VerifierKey {
  const [, name = "", encoded = ""] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/.exec(text) ?? [];
  const bytes = decodeBase64Strict(encoded);
  const key = isWitnessName(name) && bytes?.length === 33
    ? verifierKey(name, PublicKey.read(encodePublicKeyInfo(bytes.subarray(1))))
    : undefined;
  if (key?.text === text) return key;
  throw new EnvelopeError(`read a verifier key: ${text} is not NAME+ID+KEY of a witness`);
}

/** A witness with its private key. */
export interface Cosigner {
  readonly key: VerifierKey;
  readonly signingKey: SigningKey;
}

/**
 * Returns a checkpoint with one more signature line.
 *
 * @param text a signed note, verified
 * @param at when the witness states it, in seconds since the epoch
 */
export function cosign(text: string, { key, signingKey }: Cosigner, at: number): string {
  const { body } = readCheckpointNote(text);
  const time = Buffer.alloc(timeBytes);
  time.writeBigUInt64BE(BigInt(at));
  const signature = signingKey.sign(signedBytes(body, at));
  return text + signatureLine(key, Buffer.concat([time, signature]));
}

/** A cosignature whose signature is good. */
export interface Cosignature {
  /** When the witness stated it, in seconds since the epoch. */
  readonly at: number;
  /** The signature line with its newline. */
  readonly line: string;
}

/**
 * Returns the cosignature that a witness's key verifies in a checkpoint, or `undefined` without
 * one. The server's signature is not verified.
 *
 * @param text a signed note
 * @throws {EnvelopeError} when it has not the form of a checkpoint
 */
export function findCosignature(text: string, key: VerifierKey): Cosignature | undefined {
  const { body, signatures } = readCheckpointNote(text);
  const found = findSignature(signatures, key);
  if (found?.length !== timeBytes + signatureBytes) return undefined;
  const at = Number(Buffer.from(found).readBigUInt64BE());
  if (!isSeconds(at)) return undefined;
  const isGood = key.publicKey.verify(signedBytes(body, at), found.subarray(timeBytes));
  return isGood ? { at, line: signatureLine(key, found) } : undefined;
}

const timeBytes = 8;
const signatureBytes = 64;

function signedBytes(body: string, at: number): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${at}\n${body}`);
}
