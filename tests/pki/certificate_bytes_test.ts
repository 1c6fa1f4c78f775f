import { assertMatch } from "@std/assert";
import fc from "fast-check";
import { TestAuthority, tlv } from "./certificate_maker.ts";

const authority = TestAuthority.make();

Deno.test("a certificate cut off at any byte is refused", () => {
  const member = authority.member();
  for (let length = 0; length < member.length; length++) {
    authority.refusal([member.slice(0, length)]);
  }
});

Deno.test("a certificate followed by more bytes is refused", () => {
  const member = authority.member();
  assertMatch(authority.refusal([Uint8Array.of(...member, 0)]).message, /after the end/);
});

Deno.test("BER with the meaning of a valid certificate is refused", () => {
  const member = authority.member();
  const content = member.subarray(4);
  const [indefinite, padded] = [
    Uint8Array.of(0x30, 0x80, ...content, 0, 0),
    Uint8Array.of(0x30, 0x83, 0, content.length >> 8, content.length & 0xff, ...content),
  ];
  assertMatch(authority.refusal([indefinite]).message, /indefinite/);
  assertMatch(authority.refusal([padded]).message, /indefinite or too large/);
});

Deno.test("a certificate with any bit changed is refused", () => {
  const member = authority.member();
  for (let bit = 0; bit < member.length * 8; bit++) {
    const changed = member.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    authority.refusal([changed]);
  }
});

Deno.test("no mutation of a valid certificate verifies", () => {
  const member = authority.member();
  const mutation = fc.record({
    at: fc.nat(member.length - 1),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const changed = [...member];
      for (const { at, remove, insert } of mutations) changed.splice(at, remove, ...insert);
      if (changed.length === member.length && changed.every((byte, i) => byte === member[i])) {
        return;
      }
      authority.refusal([Uint8Array.from(changed)]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("arbitrary bytes throw a CertificateError and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (garbage) => {
      authority.refusal([Uint8Array.from(garbage)]);
      authority.refusal([tlv(0x30, garbage)]);
    }),
    { numRuns: 200 },
  );
});
