/**
 * The session keys of the golden vectors. To make a key takes longer than most tests do.
 */
import type { SessionJwk, SessionKey } from "../../src/envelope/session_key.ts";
import type { RsaBits } from "../../src/limits.ts";
import {
  readVectors,
  type SessionKeysFile,
  type SessionKeyVector,
  type VectorParty,
} from "../vectors/vector_files.ts";

const file = await readVectors<SessionKeysFile>("session_keys");

export const sessionKeys = await importSessionKeys();

/** Imports them by the WebCrypto of this moment, which a simulation replaces. */
export async function importSessionKeys(): Promise<Readonly<Record<VectorParty, SessionKey>>> {
  return {
    server: await sessionKeyOf(file.server),
    alice: await sessionKeyOf(file.alice),
    bob: await sessionKeyOf(file.bob),
    carol: await sessionKeyOf(file.carol),
  };
}

async function sessionKeyOf({ jwk, kid, bits }: SessionKeyVector): Promise<SessionKey> {
  const { n } = jwk;
  const announced: SessionJwk = { kty: "RSA", alg: "RSA-OAEP-256", use: "enc", n, e: "AQAB" };
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
  const privateKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["decrypt"]);
  return { privateKey, jwk: announced, kid, bits: bits as RsaBits };
}
