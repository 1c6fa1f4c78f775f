import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { CertificateError } from "../../src/errors.ts";
import { certificateBytesMax } from "../../src/limits.ts";
import {
  createCertificateRequest,
  readCertificateRequest,
} from "../../src/pki/certificate_request.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { Extension } from "../../src/pki/x509.ts";
import { publicKeyFingerprint } from "../../src/pki/signing_key.ts";
import {
  alternativeNames,
  basicConstraints,
  bytes,
  type Der,
  der,
  ed25519Der,
  makeParty,
  nameDer,
  tlv,
  uri,
} from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";

const alice = await makeParty();
const name = "alice" as AccountName;
const extensionRequestDer = bytes(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x0e);

interface RequestParts {
  version?: Der;
  subject?: Der;
  publicKeyInfo?: Der;
  algorithm?: Der;
  attributes?: Der;
  signWith?: CryptoKey;
}

async function makeRequest(parts: RequestParts = {}): Promise<Der> {
  const body = tlv(
    0x30,
    parts.version ?? bytes(2, 1, 0),
    parts.subject ?? nameDer("alice"),
    parts.publicKeyInfo ?? alice.publicKeyInfo,
    parts.attributes ?? attributes(alternativeNames(uri("micropay:account:alice"))),
  );
  const key = parts.signWith ?? alice.keys.privateKey;
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, body));
  return tlv(0x30, body, parts.algorithm ?? ed25519Der, tlv(3, bytes(0), signature));
}

function attributes(...extensions: Der[]): Der {
  return tlv(0xa0, attribute(...extensions));
}

function attribute(...extensions: Der[]): Der {
  return tlv(0x30, extensionRequestDer, tlv(0x31, tlv(0x30, ...extensions)));
}

Deno.test("a request is read back with its name and key", async () => {
  for (const account of ["alice", "a", "0._-", "x".repeat(32)] as AccountName[]) {
    const der = await createCertificateRequest(account, alice.keys);
    const read = await readCertificateRequest(der);
    assertEquals(read.name, account);
    assertEquals(read.der, der);
    assertEquals(read.keyFingerprint, await publicKeyFingerprint(alice.keys.publicKey));
  }
  const given = await makeRequest();
  const read = readCertificateRequest(given);
  given.fill(0);
  assertEquals((await read).name, name, "bytes that change meanwhile do not matter");
  assertEquals((await read).der, await makeRequest());
});

testWith(["openssl"], "openssl verifies a request and sees its name", async () => {
  const der = await createCertificateRequest(name, alice.keys);
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/csr`, derToPem(der, "CERTIFICATE REQUEST"));
    const { success, text } = await openssl(
      "req",
      "-verify",
      "-text",
      "-noout",
      "-in",
      `${folder}/csr`,
    );
    assert(success, text);
    assertMatch(text, /verify OK/);
    assertMatch(text, /URI:micropay:account:alice/);
    assertMatch(text, /Subject: CN ?= ?alice/);
  });
});

Deno.test("a request is refused when", async (test) => {
  const mallory = await makeParty();
  const smallOrder = alice.publicKeyInfo.slice();
  smallOrder.fill(0, 12);
  const own = uri("micropay:account:alice");
  const rows: [string, RequestParts, RegExp][] = [
    ["another key signed it", { signWith: mallory.keys.privateKey }, /not signed by its own key/],
    ["it carries another's key", { publicKeyInfo: mallory.publicKeyInfo }, /own key/],
    ["its key is of small order", { publicKeyInfo: smallOrder }, /small order/],
    ["its algorithm is another", { algorithm: bytes(0x30, 5, 6, 3, 0x2b, 0x65, 0x71) }, /Ed25519/],
    ["its version is another", { version: bytes(2, 1, 1) }, /version/],
    ["the common name is another", { subject: nameDer("bob") }, /common name/],
    ["there are two common names", { subject: nameDer("alice", "bob") }, /common name/],
    ["there is no common name", { subject: bytes(0x30, 0) }, /common name/],
    ["there are no attributes", { attributes: bytes(0xa0, 0) }, /read DER/],
    [
      "it asks for the server's name",
      { attributes: attributes(alternativeNames(uri("micropay:server"))) },
      /one account's/,
    ],
    [
      "it asks for two names",
      { attributes: attributes(alternativeNames(own, uri("micropay:account:bob"))) },
      /one account's/,
    ],
    [
      "it asks for a host",
      { attributes: attributes(alternativeNames({ type: "dns", value: "a" })) },
      /one account's/,
    ],
    ["it asks for no name", { attributes: attributes() }, /one account's/],
    [
      "it asks for names twice",
      { attributes: attributes(alternativeNames(own), alternativeNames(own)) },
      /twice/,
    ],
    ["it has two lists of extensions", {
      attributes: tlv(
        0xa0,
        attribute(alternativeNames(own)),
        attribute(basicConstraints(true)),
      ),
    }, /one list of extensions/],
    ["its one attribute has two lists", {
      attributes: tlv(
        0xa0,
        tlv(
          0x30,
          extensionRequestDer,
          tlv(0x31, tlv(0x30, alternativeNames(own)), tlv(0x30, basicConstraints(true))),
        ),
      ),
    }, /two lists/],
    ["it is larger than the limit", {
      attributes: attributes(
        alternativeNames(own),
        der(new Extension("1.2.3.4", false, tlv(4, new Uint8Array(certificateBytesMax)))),
      ),
    }, /bytes, more than 4096/],
    ["it has another attribute", {
      attributes: tlv(0xa0, tlv(0x30, bytes(6, 1, 0x2a), tlv(0x31, bytes(5, 0)))),
    }, /one list of extensions/],
  ];
  for (const [title, parts, why] of rows) {
    await test.step(title, async () => {
      const request = await makeRequest(parts);
      const error = await assertRejects(() => readCertificateRequest(request), CertificateError);
      assertMatch(error.message, why);
    });
  }
});

Deno.test("a request that is cut off, continued or changed is refused", async () => {
  const der = await makeRequest();
  const wrong = [Uint8Array.of(...der, 0)];
  for (let at = 0; at < der.length; at++) {
    const changed = der.slice();
    changed[at]! ^= 1;
    wrong.push(der.slice(0, at), changed);
  }
  for (const bytes of wrong) {
    await assertRejects(() => readCertificateRequest(bytes), CertificateError);
  }
});
