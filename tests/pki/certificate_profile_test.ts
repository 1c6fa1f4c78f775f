import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { partyUri } from "../../src/pki/party.ts";
import { readTrustAnchor } from "../../src/pki/trust_anchor.ts";
import { type CertificateKind, type Defect, defects, withDefect } from "./certificate_defects.ts";
import { atMs, type Der, type LeafParts, memberParty, TestAuthority } from "./certificate_maker.ts";
import { readTree } from "./der_tree.ts";

const authority = TestAuthority.make();
const good: Readonly<Record<CertificateKind, Der>> = {
  root: authority.anchor.der,
  server: authority.server(),
  member: authority.member(),
};
const kinds = Object.keys(good) as CertificateKind[];

function verify(kind: CertificateKind, der: Der): void {
  if (kind === "root") readTrustAnchor(der, { atMs });
  else authority.verify([der], kind);
}

function damaged(kind: CertificateKind, defect: Pick<Defect, "edit" | "finish">) {
  const signingKey = authority.root.keys;
  return withDefect(readTree(good[kind]), defect, { kind, signingKey });
}

Deno.test("a certificate that is taken apart and signed again stays valid", () => {
  for (const kind of kinds) {
    const again = damaged(kind, {});
    assertEquals(again, good[kind]);
    verify(kind, again);
  }
});

Deno.test("a certificate with any one defect is refused", async (test) => {
  const titles = new Set(defects.map(({ title }) => title));
  assertEquals(titles.size, defects.length, "each defect is listed once");
  assert(titles.size >= 120, `${titles.size} kinds of defects`);
  for (const kind of kinds) {
    for (const defect of defects.filter(({ kinds }) => kinds?.includes(kind) ?? true)) {
      await test.step(`${kind}: ${defect.title}`, () => {
        const der = damaged(kind, defect);
        assertNotEquals(der, good[kind]);
        const error = assertThrows(() => verify(kind, der), CertificateError);
        // A misread date would be refused as expired, and its form would go unchecked.
        const isOfDates = /expired|valid only|dates go/.test(error.message);
        assertEquals(isOfDates, defect.title === "dates exchanged", error.message);
      });
    }
  }
});

Deno.test("the refusal of a certificate gives the reason", async (test) => {
  const rows: [string, () => Der, RegExp][] = [
    [
      "expired",
      () => authority.member({ notAfterMs: atMs - 1000 }),
      /expired on 2026-11-23T11:59:59/,
    ],
    [
      "not valid yet",
      () => authority.member({ notBeforeMs: atMs + 1000 }),
      /valid only from 2026-11-23T12:00:01/,
    ],
    [
      "of another CA",
      () => authority.member({ issuer: "micropay CA ffffffff" }),
      /issued by micropay/,
    ],
    ["a server's", () => authority.server(), /it is a server's/],
    ["a CA's", () => authority.anchor.der, /it is a CA's/],
    [
      "valid outside its CA's dates",
      () => authority.member({ notAfterMs: authority.anchor.notAfterMs + 1000 }),
      /dates go beyond the CA's/,
    ],
    [
      "encoded in another way",
      () => damaged("member", { edit: (body) => (body as { tag: number }).tag = 0x31 }),
      /its encoding is not canonical from byte \d+ of \d+/,
    ],
  ];
  for (const [title, make, why] of rows) {
    await test.step(title, () => {
      assertMatch(authority.refusal([make()]).message, why);
    });
  }
});

Deno.test("invalid contents are refused although the template can encode them", async (test) => {
  const rows: [string, LeafParts][] = [
    ["a member with a host", { hosts: [{ kind: "dns", value: "localhost" }] }],
    ["an invalid host", { hosts: [{ kind: "dns", value: "a b" }] }],
    ["an invalid name", { party: memberParty("Alice") }],
    ["another key identifier", { authorityKeyIdentifier: new Uint8Array(20) }],
  ];
  for (const [title, parts] of rows) {
    await test.step(title, () => {
      authority.refusal([authority.member(parts)]);
    });
  }
});

Deno.test("each valid member name and server host is read back", () => {
  for (const name of ["a", "0._-", "x".repeat(32), "under_score"]) {
    const { party } = authority.verify([
      authority.member({ party: memberParty(name) }),
    ]);
    assertEquals(partyUri(party), `micropay:account:${name}`);
  }
});

Deno.test("dates from 2050 on have their long form and are read back", async () => {
  const year = (number: number) => Date.UTC(number, 0, 1);
  const late = TestAuthority.make({ notAfterMs: year(2060) });
  for (const notAfterMs of [year(2050) - 1000, year(2050), year(2060)]) {
    const der = late.member({ notAfterMs });
    assertEquals((await late.verify([der])).notAfterMs, notAfterMs);
    const text = new TextDecoder("latin1").decode(der);
    assertEquals(text.includes("20500101000000Z"), notAfterMs === year(2050));
    assertEquals(text.includes("\x17\x0d491231235959Z"), notAfterMs < year(2050));
  }
});

Deno.test("a leaf with a key of another kind is refused", async (test) => {
  const kinds = {
    RSA: {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    ECDSA: { name: "ECDSA", namedCurve: "P-256" },
  };
  for (const [title, algorithm] of Object.entries(kinds)) {
    await test.step(title, async () => {
      const keys = await crypto.subtle.generateKey(
        algorithm as RsaHashedKeyGenParams,
        true,
        ["sign", "verify"],
      );
      const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
      const der = damaged("member", {
        edit(body) {
          (body as { children: unknown[] }).children[6] = { raw: spki };
        },
      });
      assertMatch(authority.refusal([der]).message, /not an Ed25519 key/);
    });
  }
});
