/**
 * The keys and certificates of a person's accounts.
 */
import { dirname } from "node:path";
import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { decodeBase64UrlStrict } from "../../../src/base64.ts";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import {
  accountNames,
  type Application,
  IdentityStore,
} from "../../../src/client/wallet/identity_store.ts";
import { KeyOpener } from "../../../src/client/wallet/key_opener.ts";
import { PinStore } from "../../../src/client/wallet/pin_store.ts";
import { systemClock } from "../../../src/clock.ts";
import { systemRandom } from "../../../src/random.ts";
import { CertificateError, PassphraseError } from "../../../src/errors.ts";
import { openssl } from "../../pki/openssl.ts";
import { deriveQuickly } from "../../pki/quick_derivation.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { issueMember, named, startServer, type TestServer } from "../../server/test_server.ts";
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
      (await store.apply(alice)).request.publicKey.fingerprint,
      application.request.publicKey.fingerprint,
    );
    assertEquals(await accountNames(data, server.anchor.fingerprint), []);
    const atMs = systemClock.nowMs();
    assertEquals(await store.load(alice, { atMs }), undefined);

    const signer = { kind: "applicant", ...application } as const;
    const outcome = await server.register({ signer, privateKeyPem: "" });
    const { certificate } = (outcome as { answer: { certificate: string } }).answer;
    await store.complete(application, decodeBase64UrlStrict(certificate)!, { atMs });
    assertEquals(await accountNames(data, server.anchor.fingerprint), [alice]);
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
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
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
    assertEquals(await accountNames(data, server.anchor.fingerprint), []);
  });
});

Deno.test("identities: a lost key is replaced when the new one has its certificate, and never lost itself", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
    const atMs = systemClock.nowMs();
    const first = await store.apply(alice, { anew: true });
    await store.complete(first, issue(server, first, atMs), { atMs });
    const fingerprint = async () =>
      (await store.load(alice, { atMs }))?.certificate.publicKey.fingerprint;

    const next = await store.apply(alice, { anew: true });
    assertNotEquals(next.request.publicKey.fingerprint, first.request.publicKey.fingerprint);
    // The code was refused, or the reply was lost. The old key is unchanged; the new one is tried
    // again.
    assertEquals(await fingerprint(), first.request.publicKey.fingerprint);
    const again = await store.apply(alice, { anew: true });
    assertEquals(again.request.publicKey.fingerprint, next.request.publicKey.fingerprint);
    await store.complete(again, issue(server, again, atMs), { atMs });
    assertEquals(await fingerprint(), next.request.publicKey.fingerprint);

    const path = data.accountFolder(server.anchor.fingerprint, alice);
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    assertEquals(names.map((name) => name.replace(/[0-9a-f]{16}$/, "…")), [
      ".lock",
      "certificate.pem",
      "certificate.pem.replaced-…",
      "key.pem",
      "key.pem.replaced-…",
    ]);
    assertEquals(await modeOf(`${path}/${names[4]}`), 0o600);
  });
});

Deno.test("identities: a passphrase is asked for once, and openssl opens the key with it", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const atMs = systemClock.nowMs();
    const plain = new IdentityStore(data, server.anchor);
    const application = await plain.apply(alice);
    await plain.complete(application, issue(server, application, atMs), { atMs });
    await plain.protect(alice, "correct horse");
    const key = `${data.accountFolder(server.anchor.fingerprint, alice)}/key.pem`;
    assertEquals(await modeOf(key), 0o600);
    const pass = ["-passin", "pass:correct horse"];
    assertEquals((await openssl("pkey", "-in", key, "-noout", ...pass)).success, true);

    const asked: string[] = [];
    const keys = new KeyOpener((account) => {
      asked.push(account);
      return Promise.resolve("correct horse");
    });
    const store = new IdentityStore(data, server.anchor, keys);
    for (const _ of [1, 2]) {
      const identity = await store.load(alice, { atMs });
      assertEquals(identity?.party, { role: "member", name: alice });
    }
    // Registering again uses the same key.
    const again = await store.apply(alice);
    await store.complete(again, issue(server, again, atMs), { atMs });
    assertEquals(
      again.request.publicKey.fingerprint,
      application.request.publicKey.fingerprint,
    );
    assertEquals(asked, [alice]);
  });
});

Deno.test("identities: a wrong passphrase and a missing one are refused, and change nothing", async () => {
  using _quick = deriveQuickly();
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const atMs = systemClock.nowMs();
    const plain = new IdentityStore(data, server.anchor);
    const application = await plain.apply(alice);
    await plain.complete(application, issue(server, application, atMs), { atMs });
    await plain.protect(alice, "correct horse");
    const before = await plain.files(alice);
    const wrong = new IdentityStore(
      data,
      server.anchor,
      new KeyOpener(() => Promise.resolve("battery staple")),
    );
    const error = await assertRejects(() => wrong.load(alice, { atMs }), PassphraseError);
    assertStringIncludes(error.message, "the passphrase is wrong");
    assertStringIncludes(error.message, "micropay ledger reissue alice");
    await assertRejects(() => wrong.protect(alice, undefined), PassphraseError);
    await assertRejects(() => plain.load(alice, { atMs }), PassphraseError, "none was given");
    assertEquals(await plain.files(alice), before);
  });
});

Deno.test("identities: a key whose passphrase is lost is replaced without it", async () => {
  using _quick = deriveQuickly();
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const atMs = systemClock.nowMs();
    const store = new IdentityStore(data, server.anchor);
    const first = await store.apply(alice);
    await store.complete(first, issue(server, first, atMs), { atMs });
    await store.protect(alice, "forgotten");
    const next = await store.apply(alice, { anew: true });
    await store.complete(next, issue(server, next, atMs), { atMs });
    const identity = await store.load(alice, { atMs });
    const { fingerprint } = next.request.publicKey;
    assertEquals(identity?.certificate.publicKey.fingerprint, fingerprint);
  });
});

Deno.test("identities: of many that apply at once, all have the one key that is stored", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const apply = () => new IdentityStore(data, server.anchor).apply(alice);
    const applications = await Promise.all([apply(), apply(), apply(), apply()]);
    const { request } = await apply();
    for (const application of applications) {
      assertEquals(application.request.publicKey.fingerprint, request.publicKey.fingerprint);
    }
  });
});

Deno.test("identities: two processes that replace a key at once both end with the new key and its certificate", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const atMs = systemClock.nowMs();
    const open = () => new IdentityStore(data, server.anchor);
    const first = await open().apply(alice);
    await open().complete(first, issue(server, first, atMs), { atMs });
    const applications = await Promise.all([1, 2].map(() => open().apply(alice, { anew: true })));
    await Promise.all(applications.map(async (application) => {
      await open().complete(application, issue(server, application, atMs), { atMs });
    }));
    const identity = await open().load(alice, { atMs });
    const { fingerprint: keyFingerprint } = applications[0]!.request.publicKey;
    assertEquals(identity?.certificate.publicKey.fingerprint, keyFingerprint);
    assertNotEquals(keyFingerprint, first.request.publicKey.fingerprint);
    const key = `${data.accountFolder(server.anchor.fingerprint, alice)}/key.pem`;
    const kept = [...Deno.readDirSync(dirname(key))].filter(({ name }) =>
      name.startsWith("key.pem.replaced-")
    );
    assertEquals(kept.length, 1);
  });
});

for (const name of ["key.pem", "next_key.pem", "certificate.pem"] as const) {
  Deno.test(`identities: an empty ${name}, as a full disk or a kill leaves it, counts as missing`, async () => {
    await inFolder(async (folder) => {
      await using server = await startServer();
      const data = new DataFolder(folder);
      const store = new IdentityStore(data, server.anchor);
      const atMs = systemClock.nowMs();
      const register = async (anew: boolean) => {
        const application = await store.apply(alice, { anew });
        await store.complete(application, issue(server, application, atMs), { atMs });
        return application.request.publicKey.fingerprint;
      };
      const path = data.accountFolder(server.anchor.fingerprint, alice);
      await Deno.mkdir(path, { recursive: true });
      if (name !== "key.pem") await register(false);
      await Deno.writeTextFile(`${path}/${name}`, "");
      const key = await register(name === "next_key.pem");
      assertEquals((await store.load(alice, { atMs }))?.certificate.publicKey.fingerprint, key);
      assertEquals(await accountNames(data, server.anchor.fingerprint), [alice]);
    });
  });
}

Deno.test("identities: a key or certificate that is damaged is named with its file, and left as it is", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
    const atMs = systemClock.nowMs();
    const path = data.accountFolder(server.anchor.fingerprint, alice);
    const application = await store.apply(alice);
    await store.complete(application, issue(server, application, atMs), { atMs });
    for (const name of ["next_key.pem", "key.pem", "certificate.pem"]) {
      const whole = await Deno.readTextFile(`${path}/${name}`).catch(() => "-----BEGIN PRIVATE");
      const half = whole.slice(0, whole.length / 2);
      await Deno.writeTextFile(`${path}/${name}`, half);
      const use = () =>
        name === "certificate.pem"
          ? store.load(alice, { atMs })
          : store.apply(alice, { anew: name === "next_key.pem" });
      const error = await assertRejects(use, CertificateError);
      assertStringIncludes(error.message, `${path}/${name}`);
      assertEquals(await Deno.readTextFile(`${path}/${name}`), half);
      await Deno.writeTextFile(`${path}/${name}`, whole);
    }
  });
});

Deno.test("identities: no account's folder has the name of another file, in capitals or not", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const data = new DataFolder(folder);
    const store = new IdentityStore(data, server.anchor);
    for (const name of ["ca", "ca.pem", "wallet.db", "accounts", "receipts"]) {
      await store.apply(named(name));
    }
    const kept = new SqliteWalletStore(data.walletFile());
    await new PinStore(data, kept).set("127.0.0.1:1", server.anchor, { replace: false });
    const ledger = server.anchor.fingerprint;
    const lowerCase = (path: string) =>
      [...Deno.readDirSync(path)].map(({ name }) => name.toLowerCase()).sort();
    assertEquals(lowerCase(data.path), [
      ".lock",
      ledger,
      "wallet.db",
      "wallet.db-shm",
      "wallet.db-wal",
    ]);
    assertEquals(lowerCase(data.ledgerFolder(ledger)), ["accounts", "ca.pem"]);
    assertEquals(lowerCase(data.accountsFolder(ledger)), [
      "accounts",
      "ca",
      "ca.pem",
      "receipts",
      "wallet.db",
    ]);
    kept.close();
  });
});

/** The certificate that the server's CA issues for an application. */
function issue({ authority }: TestServer, { request }: Application, atMs: number) {
  const { publicKey, name } = request;
  return authority.issueMember({ name, publicKey, atMs, random: systemRandom });
}
