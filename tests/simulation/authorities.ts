/**
 * The keys that all histories share.
 */
import { systemClock } from "../../src/clock.ts";
import { importSessionKeys } from "../envelope/vector_session_keys.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { systemRandom as random } from "../../src/random.ts";
import { startMs } from "./simulated_process.ts";
import type { Authorities } from "./simulated_server.ts";

/** Longer than a clock is ever set wrong in a history. */
const serverDays = 1000;

/**
 * Makes new identities. The session keys are always the same: to make an RSA key takes longer than
 * a history. Each process takes one of them when it starts, as the server does when it changes its
 * own.
 */
export async function makeAuthorities(): Promise<Authorities> {
  const clock = { ...systemClock, nowMs: () => startMs };
  const { authority } = CertificateAuthority.create({ clock, random });
  const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
  const der = authority.issueServer({
    publicKey,
    hosts: ["server"],
    days: serverDays,
    atMs: startMs,
    random,
  });
  const identity = openIdentity({
    certificatePem: derToPem(der, "CERTIFICATE"),
    privateKeyPem,
    anchor: authority.anchor,
    role: "server",
    atMs: startMs,
  });
  return { authority, identity, sessionKeys: Object.values(await importSessionKeys()) };
}
