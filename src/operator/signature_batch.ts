/**
 * Checking many signatures in one go, in whatever thread.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** What somebody is said to have signed. */
export interface SignedText {
  /** A compact JWS in the right form. */
  readonly jws: string;
  /** The Ed25519 key that has to have signed it: SubjectPublicKeyInfo (DER) in base64. */
  readonly key: string;
}

/** @returns the place, from 0, of the first that is not signed with its key; -1 when all are */
export function firstForged(batch: readonly SignedText[]): number {
  return batch.findIndex(({ jws, key }) => {
    const end = jws.lastIndexOf(".");
    const text = Buffer.from(jws.slice(0, end), "latin1");
    return !verify(null, text, keyOf(key), Buffer.from(jws.slice(end + 1), "base64url"));
  });
}

/** Keys remembered; more are imported again when they come. */
const keysMax = 10_000;
const keys = new Map<string, KeyObject>();

function keyOf(spki: string): KeyObject {
  const known = keys.get(spki);
  if (known) return known;
  const der = Buffer.from(spki, "base64");
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (keys.size >= keysMax) keys.clear();
  keys.set(spki, key);
  return key;
}
