/**
 * The keys that all histories share: making an RSA key takes longer than a history.
 */
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey } from "../../src/envelope/session_key.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { systemRandom as random } from "../../src/random.ts";
import { startMs } from "./simulated_process.ts";
import type { Authorities } from "./simulated_server.ts";

/** Each process takes one of these when it starts, as the server does when it changes its own. */
const sessionKeyCount = 4;
/** Longer than a clock is ever set wrong in a history. */
const serverDays = 1000;

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
  const making = Array.from({ length: sessionKeyCount }, () => generateSessionKey(2048));
  return { authority, identity, sessionKeys: await Promise.all(making) };
}
