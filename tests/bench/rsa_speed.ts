/**
 * What the runtime's own RSA-OAEP reaches on this machine: the limit that every message runs into.
 */
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { importRecipientKey } from "../../src/envelope/session_key.ts";
import type { RsaBits } from "../../src/limits.ts";

export interface RsaSpeed {
  readonly decryptsPerSecond: number;
  readonly encryptsPerSecond: number;
}

const operations = 1000;
/** As many at once as the server has when it is busy; the runtime spreads them over the processors. */
const concurrency = 16;

export async function measureRsa(bits: RsaBits): Promise<RsaSpeed> {
  const { privateKey, jwk } = await generateSessionKey(bits);
  const { publicKey } = await importRecipientKey(jwk);
  const contentKey = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: "RSA-OAEP" };
  const sealed = await crypto.subtle.encrypt(algorithm, publicKey, contentKey);
  return {
    decryptsPerSecond: await rate(() => crypto.subtle.decrypt(algorithm, privateKey, sealed)),
    encryptsPerSecond: await rate(() => crypto.subtle.encrypt(algorithm, publicKey, contentKey)),
  };
}

async function rate(operation: () => Promise<unknown>): Promise<number> {
  let left = operations;
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (left-- > 0) await operation();
  }));
  return operations / ((performance.now() - startMs) / 1000);
}
