/**
 * The keys and certificates of a person's accounts.
 */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import { IdentityStore } from "../../src/client/identity_store.ts";
import { systemClock } from "../../src/clock.ts";
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
