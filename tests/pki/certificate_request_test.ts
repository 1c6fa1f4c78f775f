import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { CertificateError } from "../../src/errors.ts";
import { certificateBytesMax } from "../../src/limits.ts";
import {
  createCertificateRequest,
  readCertificateRequest,
} from "../../src/pki/certificate_request.ts";
import { derToPem } from "../../src/pki/pem.ts";

import { bytes, type Der, makeParty } from "./certificate_maker.ts";
import { childrenOf, leafOf, type Node, raw, readTree, text, writeTree } from "./der_tree.ts";
import { openssl } from "./openssl.ts";
import { inFolder } from "./temporary_folder.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

const alice = makeParty();
const name = "alice" as AccountName;
const good = createCertificateRequest(name, alice.keys);

/** Returns a good request with one change, signed again. */
function makeRequest(
  edit: (body: Node) => void = () => {},
  { finish = () => {}, signWith = alice.keys }: {
    finish?: (request: Node) => void;
    signWith?: SigningKey;
  } = {},
): Der {
  const tree = readTree(good);
  edit(childrenOf(tree)[0]!);
  const body = writeTree(childrenOf(tree)[0]!);
  leafOf(tree, 2).content = bytes(0, ...signWith.sign(body));
  finish(tree);
  return writeTree(tree);
}

const at = { version: 0, subject: 1, key: 2, attributes: 3 };
const attributesOf = (body: Node) => childrenOf(body, at.attributes);
/** The object identifier and the set of values. */
const attributeOf = (body: Node) => childrenOf(body, at.attributes, 0);
const extensionsOf = (body: Node) => childrenOf(body, at.attributes, 0, 1, 0);
const namesOf = (body: Node) => childrenOf(body, at.attributes, 0, 1, 0, 0, -1, 0);
const commonName = (body: Node) => leafOf(body, at.subject, 0, 0, 1);
const again = (list: Node[]) => void list.push({ raw: writeTree(list[0]!) });

Deno.test("a request is read back with its name and key", async () => {
  for (const account of ["alice", "a", "0._-", "x".repeat(32)] as AccountName[]) {
    const der = createCertificateRequest(account, alice.keys);
    const read = readCertificateRequest(der);
    assertEquals(read.name, account);
    assertEquals(read.der, der);
    assertEquals(read.publicKey.fingerprint, alice.keys.publicKey.fingerprint);
  }
  const given = makeRequest();
  const read = readCertificateRequest(given);
  given.fill(0);
  assertEquals((await read).name, name, "bytes that change meanwhile do not matter");
  assertEquals(read.der, makeRequest());
});

testWith(["openssl"], "openssl verifies a request and sees its name", async () => {
  const der = createCertificateRequest(name, alice.keys);
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

Deno.test("a request is read with either string type for its name", () => {
  const asUtf8 = makeRequest((body) => commonName(body).tag = 0x0c);
  assertEquals((readCertificateRequest(asUtf8)).name, name);
});

testWith(["openssl"], "a request that openssl made is read", async () => {
  await inFolder(async (folder) => {
    const key = `${folder}/key.pem`;
    await openssl("genpkey", "-algorithm", "ed25519", "-out", key);
    for (const account of ["carol", "under_score"]) {
      await openssl(
        ...["req", "-new", "-key", key, "-subj", `/CN=${account}`],
        ...["-addext", `subjectAltName=URI:micropay:account:${account}`],
        ...["-outform", "DER", "-out", `${folder}/request.der`],
      );
      const der = await Deno.readFile(`${folder}/request.der`);
      assertEquals((readCertificateRequest(new Uint8Array(der))).name, account);
    }
  });
});

Deno.test("a request is refused when", async (test) => {
  const mallory = makeParty();
  const rows: [string, (body: Node) => void, RegExp][] = [
    [
      "it carries a foreign key",
      (body) => childrenOf(body)[at.key] = { raw: mallory.publicKeyInfo },
      /own key/,
    ],
    ["its key is of small order", (body) => leafOf(body, at.key, 1).content.fill(0), /prime order/],
    [
      "its version is another",
      (body) => childrenOf(body)[at.version] = raw(2, 1, 1),
      /not canonical/,
    ],
    [
      "its version is padded",
      (body) => childrenOf(body)[at.version] = raw(2, 2, 0, 0),
      /not canonical/,
    ],
    ["the common name is another", (body) => commonName(body).content[0] = 0x62, /common name/],
    ["the common name is in capitals", (body) => commonName(body).content[0] = 0x41, /common name/],
    ["there are two common names", (body) => again(childrenOf(body, at.subject)), /not canonical/],
    [
      "two common names share an RDN",
      (body) => again(childrenOf(body, at.subject, 0)),
      /not canonical/,
    ],
    ["there is no common name", (body) => childrenOf(body)[at.subject] = raw(0x30, 0), /read DER/],
    ["an RDN is empty", (body) => childrenOf(body, at.subject).push(raw(0x31, 0)), /not canonical/],
    ["the name is a text of IA5", (body) => commonName(body).tag = 0x16, /not canonical/],
    [
      "the name has a third member",
      (body) => childrenOf(body, at.subject, 0, 0).push(raw(5, 0)),
      /not canonical/,
    ],
    ["there are no attributes", (body) => attributesOf(body).splice(0), /read DER/],
    ["the attributes are missing", (body) => childrenOf(body).pop(), /read DER/],
    [
      "its attribute has a third member",
      (body) => attributeOf(body).push(raw(5, 0)),
      /not canonical/,
    ],
    ["its attribute is another", (body) => attributeOf(body)[0] = raw(6, 1, 0x2a), /not canonical/],
    ["it has two attributes", (body) => again(attributesOf(body)), /not canonical/],
    [
      "it has a challenge password",
      (body) =>
        attributesOf(body).push({
          tag: 0x30,
          children: [
            raw(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7),
            { tag: 0x31, children: [text(0x0c, "secret")] },
          ],
        }),
      /not canonical/,
    ],
    [
      "its one attribute has two lists",
      (body) => again(childrenOf(body, at.attributes, 0, 1)),
      /not canonical/,
    ],
    ["it asks for names twice", (body) => again(extensionsOf(body)), /not canonical/],
    [
      "it asks for another extension",
      (body) =>
        extensionsOf(body).push({
          tag: 0x30,
          children: [raw(6, 3, 0x55, 0x1d, 15), raw(4, 4, 3, 2, 7, 0x80)],
        }),
      /not canonical/,
    ],
    ["its extension is critical", (body) => {
      childrenOf(extensionsOf(body)[0]!).splice(1, 0, raw(1, 1, 0xff));
    }, /not canonical/],
    ["its extension is uncritical and says so", (body) => {
      childrenOf(extensionsOf(body)[0]!).splice(1, 0, raw(1, 1, 0));
    }, /not canonical/],
    ["it asks for the server's name", (body) => {
      namesOf(body)[0] = text(0x86, "micropay:server");
    }, /the server's name/],
    ["it asks for two names", (body) => {
      namesOf(body).push(text(0x86, "micropay:account:bob"));
    }, /not a host or IP address/],
    ["it asks for a host instead", (body) => namesOf(body)[0] = text(0x82, "a"), /no URI/],
    [
      "it asks for a host besides",
      (body) => namesOf(body).push(text(0x82, "a")),
      /more names than/,
    ],
    ["it asks for no name", (body) => extensionsOf(body).splice(0), /read DER/],
    ["it is larger than the limit", (body) => {
      commonName(body).content = new Uint8Array(certificateBytesMax);
    }, /bytes, more than 4096/],
    [
      "something follows its attributes",
      (body) => childrenOf(body).push(raw(5, 0)),
      /not canonical/,
    ],
  ];
  for (const [title, edit, why] of rows) {
    await test.step(title, () => {
      const request = makeRequest(edit);
      const error = assertThrows(() => readCertificateRequest(request), CertificateError);
      assertMatch(error.message, why);
    });
  }
  await test.step("another key signed it", () => {
    const request = makeRequest(() => {}, { signWith: mallory.keys });
    assertThrows(() => readCertificateRequest(request), CertificateError, "own key");
  });
  await test.step("its algorithm is another", () => {
    const finish = (request: Node) => leafOf(request, 1, 0).content[2] = 0x71;
    const request = makeRequest(() => {}, { finish });
    assertThrows(() => readCertificateRequest(request), CertificateError, "not canonical");
  });
});

Deno.test("a request that is cut off, extended or changed is refused", () => {
  const der = makeRequest();
  const wrong = [Uint8Array.of(...der, 0)];
  for (let at = 0; at < der.length; at++) {
    const changed = der.slice();
    changed[at]! ^= 1;
    wrong.push(der.slice(0, at), changed);
  }
  for (const bytes of wrong) {
    assertThrows(() => readCertificateRequest(bytes), CertificateError);
  }
});
