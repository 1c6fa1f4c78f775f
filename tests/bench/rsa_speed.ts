/**
 * What one RSA-OAEP decryption costs on this machine: the unit that the benchmark counts in.
 */
import process from "node:process";
import { generateSessionKey, importRecipientKey } from "../../src/envelope/session_key.ts";
import type { RsaBits } from "../../src/limits.ts";

export interface RsaSpeed {
  /** CPU time of one decryption, user and system. */
  readonly decryptCpuMs: number;
  readonly decryptsPerSecond: number;
}

const operations = 1000;
/** As many at once as a busy server has; the runtime spreads them over the processors. */
const concurrency = 16;

export async function measureRsa(bits: RsaBits): Promise<RsaSpeed> {
  const { privateKey, jwk } = await generateSessionKey(bits);
  const { publicKey } = await importRecipientKey(jwk);
  const algorithm = { name: "RSA-OAEP" };
  const sealed = await crypto.subtle.encrypt(
    algorithm,
    publicKey,
    crypto.getRandomValues(new Uint8Array(32)),
  );
  let left = operations;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (left-- > 0) await crypto.subtle.decrypt(algorithm, privateKey, sealed);
  }));
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    decryptCpuMs: (user + system) / 1000 / operations,
    decryptsPerSecond: operations / seconds,
  };
}
