/**
 * Makes the golden vectors: `deno run --allow-read --allow-write tests/vectors/make_vectors.ts
 * [NAME...]`.
 *
 * Run it only when the wire format changes. Without a name, the keys and therefore all files and
 * the examples in `docs/protocol.md` change. With names of files (`refused`, `messages`), only
 * those are made, with the existing keys. Tests never run it: they check the files.
 */
import type { AccountName } from "../../src/account_name.ts";
import { encodeBase64Url } from "../../src/base64.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { createCertificateRequest } from "../../src/pki/certificate_request.ts";
import { derToPem } from "../../src/pki/pem.ts";

import { systemRandom } from "../../src/random.ts";
import { ManualClock } from "../manual_clock.ts";
import type {
  IdentitiesFile,
  PartyVector,
  SessionKeysFile,
  SessionKeyVector,
} from "./vector_files.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";

const atMs = Date.UTC(2026, 10, 23, 12);
const random = systemRandom;

const names = Deno.args;

await write("identities", makeIdentities);
await write("session_keys", makeSessionKeys);
// The other files use the keys that were just written.
const { makeDocuments, makeLedger, makeMessages, makeRefused, makeTree } = await import("./vector_lines.ts");
await write("documents", makeDocuments);
await write("messages", makeMessages);
await write("ledger", makeLedger);
await write("tree", makeTree);
await write("refused", makeRefused);

async function write(name: string, make: () => object | Promise<object>): Promise<void> {
  if (names.length > 0 && !names.includes(name)) return;
  const path = new URL(`./${name}.json`, import.meta.url);
  await Deno.writeTextFile(path, `${JSON.stringify(await make(), null, 2)}\n`);
}

function makeIdentities(): IdentitiesFile {
  const clock = new ManualClock(atMs);
  const { authority, privateKeyPem } = CertificateAuthority.create({ clock, random });
  const { anchor } = authority;
  const serverKeys = SigningKey.generate();
  const days = 3652;
  const hosts = ["localhost", "127.0.0.1", "::1"];
  const { publicKey } = serverKeys.signingKey;
  const server = authority.issueServer({ publicKey, hosts, days, atMs, random });
  const carolKeys = SigningKey.generate();
  return {
    at: atMs / 1000,
    ca: { fingerprint: anchor.fingerprint, privateKey: privateKeyPem, certificate: anchor.pem },
    server: party("micropay:server", serverKeys.pem, server),
    alice: member("alice" as AccountName, authority),
    bob: member("bob" as AccountName, authority),
    carol: {
      uri: "micropay:account:carol",
      privateKey: carolKeys.pem,
      request: encodeBase64Url(createCertificateRequest("carol" as AccountName, carolKeys.signingKey)),
    },
  };
}

function member(name: AccountName, authority: CertificateAuthority): PartyVector {
  const { signingKey: { publicKey }, pem } = SigningKey.generate();
  const der = authority.issueMember({ name, publicKey, atMs, random });
  return party(`micropay:account:${name}`, pem, der);
}

function party(uri: string, privateKey: string, der: Uint8Array): PartyVector {
  return { uri, privateKey, certificate: derToPem(der, "CERTIFICATE") };
}

async function makeSessionKeys(): Promise<SessionKeysFile> {
  const { bits, jwk, kid } = await makeSessionKey(2048);
  const [alice, bob, carol] = await Promise.all([2048, 2048, 2048].map(makeSessionKey));
  return { server: { kid, bits, jwk }, alice: alice!, bob: bob!, carol: carol! };
}

async function makeSessionKey(bits: number): Promise<SessionKeyVector> {
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256", modulusLength: bits };
  const publicExponent = Uint8Array.of(1, 0, 1);
  const keys = await crypto.subtle.generateKey({ ...algorithm, publicExponent }, true, [
    "encrypt",
    "decrypt",
  ]);
  const exported = await crypto.subtle.exportKey("jwk", keys.privateKey);
  const { n, e, d, p, q, dp, dq, qi } = exported;
  const announced = JSON.stringify({ e, kty: "RSA", n });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(announced));
  const jwk = {
    kty: "RSA",
    alg: "RSA-OAEP-256",
    use: "enc",
    n: n!,
    e: e!,
    d: d!,
    p: p!,
    q: q!,
    dp: dp!,
    dq: dq!,
    qi: qi!,
  };
  return { kid: encodeBase64Url(digest), bits, jwk };
}
