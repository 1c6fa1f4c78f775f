/**
 * Private keys that a passphrase protects.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { CertificateError, PassphraseError } from "../../src/errors.ts";
import { derivationRounds, passphraseBytesMax } from "../../src/limits.ts";
import { derToPem, pemToDer } from "../../src/pki/pem.ts";
import {
  isPassphrase,
  isProtectedKey,
  protectKey,
  unprotectKey,
} from "../../src/pki/protected_key.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { derTag, encodeDer } from "../../src/pki/x509/der.ts";
import { systemRandom as random } from "../../src/random.ts";
import { testWith } from "../installed_tool.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";

for (const passphrase of ["x", "correct horse", "Straße 😀 \"'$", "x".repeat(passphraseBytesMax)]) {
  testWith(
    ["openssl"],
    `openssl opens a key that we protect with ${passphrase.slice(0, 20)}`,
    async () => {
      await inFolder(async (folder) => {
        const { pem } = SigningKey.generate();
        const protectedPem = await protectKey(pem, { passphrase, random });
        assert(isProtectedKey(protectedPem) && !isProtectedKey(pem));
        assertEquals(await unprotectKey(protectedPem, passphrase), pem);
        await Deno.writeTextFile(`${folder}/key`, protectedPem);
        await Deno.writeTextFile(`${folder}/passphrase`, passphrase);
        const opened = await openssl(
          ...["pkey", "-in", `${folder}/key`, "-passin", `file:${folder}/passphrase`],
        );
        assertEquals(opened.text, pem);
        const { text } = await openssl("asn1parse", "-in", `${folder}/key`);
        const rounds = `INTEGER           :${
          derivationRounds.toString(16).padStart(6, "0").toUpperCase()
        }`;
        assert(derivationRounds >= 600_000 && text.includes(rounds), text);
      });
    },
  );
}

const ways: readonly (readonly string[])[] = [
  ["pkey", "-aes256"],
  ["pkey", "-aes192"],
  ["pkey", "-aes128"],
  ["pkcs8", "-topk8", "-scrypt"],
  ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
  ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
  ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "5000"],
];

for (const way of ways) {
  testWith(["openssl"], `we open a key that openssl ${way.join(" ")} protects`, async () => {
    await withProtected(way, async (protectedPem, pem) => {
      assertEquals(await unprotectKey(protectedPem, "correct horse"), pem);
      await assertRejects(() => unprotectKey(protectedPem, "correct horsf"), PassphraseError);
    });
  });
}

const refusals: readonly { way: readonly string[]; text: string }[] = [
  { way: ["-v2", "des3"], text: "its cipher is not AES-CBC" },
  { way: ["-v1", "PBE-SHA1-3DES"], text: "its encryption is not of PBES2" },
  { way: ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"], text: "hash function is not known" },
  {
    way: ["-scrypt", "-scrypt_p", "17"],
    text: "too much",
  },
];

for (const { way, text } of refusals) {
  testWith(
    ["openssl"],
    `a key protected by ${way.join(" ")} is refused with a reason`,
    async () => {
      await withProtected(["pkcs8", "-topk8", ...way], async (protectedPem) => {
        await assertRejects(
          () => unprotectKey(protectedPem, "correct horse"),
          CertificateError,
          text,
        );
      });
    },
  );
}

Deno.test("a key whose parameters of scrypt no program can use is refused with a reason", async () => {
  const { integer, octetString, sequence } = derTag;
  const [N, one] = [Uint8Array.of(1, 0, 0), Uint8Array.of(1)];
  const salt = encodeDer(octetString, new Uint8Array(16));
  const numbers = [N, one, one].map((number) => encodeDer(integer, number));
  const scrypt = decodeHex("06092b06010401da47040b");
  const derivation = encodeDer(sequence, scrypt, encodeDer(sequence, salt, ...numbers));
  const cipher = decodeHex("060960864801650304012a");
  const encryption = encodeDer(sequence, cipher, salt);
  const scheme = encodeDer(sequence, derivation, encryption);
  const algorithm = encodeDer(sequence, decodeHex("06092a864886f70d01050d"), scheme);
  const der = encodeDer(sequence, algorithm, encodeDer(octetString, new Uint8Array(48)));
  await assertRejects(
    () => unprotectKey(derToPem(der, "ENCRYPTED PRIVATE KEY"), "correct horse"),
    CertificateError,
    "scrypt has no N=65536 with r=1",
  );
});

testWith(
  ["openssl"],
  "a key with more rounds than the limit is refused before any is made",
  async () => {
    await withProtected(["pkcs8", "-topk8", "-iter", "1"], async (protectedPem) => {
      const der = pemToDer(protectedPem, "ENCRYPTED PRIVATE KEY");
      // The number of rounds follows the salt: INTEGER, 1 byte, 1.
      const at = der.findIndex((byte, at) => byte === 2 && der[at + 1] === 1 && der[at + 2] === 1);
      const [head, tail] = [der.slice(0, at), der.slice(at + 3)];
      const many = Uint8Array.of(...head, 2, 4, 0x7f, 0xff, 0xff, 0xff, ...tail);
      // The structures around it are 3 bytes longer.
      for (const index of [2, 4, 17, 30, 43]) if (many[index - 1] === 0x30) many[index]! += 3;
      await assertRejects(
        () => unprotectKey(derToPem(many, "ENCRYPTED PRIVATE KEY"), "correct horse"),
        CertificateError,
      );
    });
  },
);

testWith(
  ["openssl"],
  "a protected key with one changed byte is refused, or gives another key",
  async () => {
    await withProtected(["pkcs8", "-topk8", "-iter", "1"], async (protectedPem, pem) => {
      const der = pemToDer(protectedPem, "ENCRYPTED PRIVATE KEY");
      for (let at = 0; at < der.length; at++) {
        const changed = der.slice();
        changed[at]! ^= 1;
        const text = derToPem(changed, "ENCRYPTED PRIVATE KEY");
        const opened = await unprotectKey(text, "correct horse").catch((error) => {
          assert(
            error instanceof PassphraseError || error instanceof CertificateError,
            `${at}: ${error}`,
          );
        });
        if (opened === undefined || opened === pem) continue;
        assert(isAnotherKey(opened, pem), `byte ${at}`);
      }
    });
  },
);

Deno.test("a passphrase has at least 8 characters on one line, and at most 512 bytes", () => {
  const good = ["12345678", "😀😀😀😀😀😀😀😀", "é".repeat(256), "a b c d e"];
  const bad = ["", "1234567", "😀😀😀😀😀😀😀", "é".repeat(257), "12345678\n", "1234\x005678"];
  assertEquals(good.map(isPassphrase), good.map(() => true));
  assertEquals(bad.map(isPassphrase), bad.map(() => false));
});

function isAnotherKey(opened: string, pem: string): boolean {
  try {
    return SigningKey.read(opened).publicKey.fingerprint !==
      SigningKey.read(pem).publicKey.fingerprint;
  } catch (error) {
    return error instanceof CertificateError;
  }
}

/** Runs an action on a new key that openssl protects. */
async function withProtected(
  way: readonly string[],
  action: (protectedPem: string, pem: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const { pem } = SigningKey.generate();
    await Deno.writeTextFile(`${folder}/plain`, pem);
    const files = ["-in", `${folder}/plain`, "-out", `${folder}/key`];
    const { success, text } = await openssl(...way, ...files, "-passout", "pass:correct horse");
    assert(success, text);
    await action(await Deno.readTextFile(`${folder}/key`), pem);
  });
}
