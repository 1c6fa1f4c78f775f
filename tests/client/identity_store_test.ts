/**
 * The keys and certificates of a person's accounts.
 */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import { IdentityStore } from "../../src/client/identity_store.ts";
import { systemClock } from "../../src/clock.ts";
import type { CertificateRequest } from "../../src/pki/certificate_request.ts";
import { systemRandom } from "../../src/random.ts";
import { CertificateError, FileError } from "../../src/errors.ts";
import { openssl } from "../pki/openssl.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { issueMember, named, startServer } from "../server/test_server.ts";
import { modeOf } from "./file_mode.ts";

const alice = named("alice");

Deno.test("identities: the key is there before it is used, stays the same, and openssl reads it", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
    const application = await store.apply(alice);
    const key = `${data.accountFolder(server.anchor.fingerprint, alice)}/key.pem`;
    assertEquals(await modeOf(key), 0o600);
    assertEquals((await openssl("pkey", "-in", key, "-noout")).success, true);
    // Not registered yet: asked for again with the same key, and nobody's account.
    assertEquals(
      (await store.apply(alice)).request.keyFingerprint,
      application.request.keyFingerprint,
    );
    assertEquals(await store.names(), []);
    const atMs = systemClock.nowMs();
    assertEquals(await store.load(alice, { atMs }), undefined);

    const signer = { kind: "applicant", ...application } as const;
    const outcome = await server.register({ signer, privateKeyPem: "" });
    const { certificate } = (outcome as { answer: { certificate: string } }).answer;
    await store.complete(application, decodeBase64UrlStrict(certificate)!, { atMs });
    assertEquals(await store.names(), [alice]);
    assertEquals((await store.load(alice, { atMs }))?.party, { role: "member", name: alice });
    const pem = `${data.accountFolder(server.anchor.fingerprint, alice)}/certificate.pem`;
    const ca = data.caFile(server.anchor.fingerprint);
    assertEquals([await modeOf(pem), await modeOf(ca)], [0o644, 0o644]);
    assertEquals((await openssl("verify", "-CAfile", ca, pem)).success, true);
  });
});

Deno.test("identities: a certificate for another name, key or ledger is not stored", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    await using foreign = await startServer();
    const store = new IdentityStore(new DataFolder(folder), server.anchor);
    const application = await store.apply(alice);
    const atMs = systemClock.nowMs();
    const wrong = await Promise.all([
      issueMember(server.authority, "bob"),
      issueMember(server.authority, "alice"),
      issueMember(foreign.authority, "alice"),
    ]);
    for (const { chain } of wrong) {
      const complete = () => store.complete(application, chain[0]!.slice(), { atMs });
      await assertRejects(complete, CertificateError);
    }
    assertEquals(await store.names(), []);
  });
});

Deno.test("identities: a lost key is replaced when the new one has its certificate, and never lost itself", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
    const atMs = systemClock.nowMs();
    const issue = async ({ request }: { request: CertificateRequest }) => {
      const { publicKey, name } = request;
      return await server.authority.issueMember({ name, publicKey, atMs, random: systemRandom });
    };
    const first = await store.apply(alice, { anew: true });
    assertEquals(first.isReplacement, false);
    await store.complete(first, await issue(first), { atMs });
    const fingerprint = async () => (await store.load(alice, { atMs }))?.certificate.keyFingerprint;

    const next = await store.apply(alice, { anew: true });
    assertEquals(next.isReplacement, true);
    assertNotEquals(next.request.keyFingerprint, first.request.keyFingerprint);
    // The code was refused, or the answer got lost: the old one is as it was, and the new one is asked for again.
    assertEquals(await fingerprint(), first.request.keyFingerprint);
    const again = await store.apply(alice, { anew: true });
    assertEquals(again.request.keyFingerprint, next.request.keyFingerprint);
    await store.complete(again, await issue(again), { atMs });
    assertEquals(await fingerprint(), next.request.keyFingerprint);

    const path = data.accountFolder(server.anchor.fingerprint, alice);
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    assertEquals(names.map((name) => name.replace(/[0-9a-f]{16}$/, "…")), [
      "certificate.pem",
      "certificate.pem.replaced-…",
      "key.pem",
      "key.pem.replaced-…",
    ]);
    assertEquals(await modeOf(`${path}/${names[3]}`), 0o600);
  });
});

Deno.test("identities: of two that apply at once, both have the one key that is stored, or one is told", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const apply = () => new IdentityStore(data, server.anchor).apply(alice);
    const settled = await Promise.allSettled([apply(), apply()]);
    const made = settled.filter((one) => one.status === "fulfilled");
    assertNotEquals(made.length, 0);
    const { request } = await apply();
    for (const { value } of made) {
      assertEquals(value.request.keyFingerprint, request.keyFingerprint);
    }
    for (const one of settled) {
      if (one.status === "rejected") assertEquals(one.reason instanceof FileError, true);
    }
  });
});
