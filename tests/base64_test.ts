/**
 * Base64 in both alphabets: each byte string has exactly one text.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeBase64Strict,
  decodeBase64UrlStrict,
  encodeBase64,
  encodeBase64Url,
} from "../src/base64.ts";

interface Spelling {
  readonly title: string;
  readonly text: string;
  readonly bytes: readonly number[] | undefined;
}

const url: readonly Spelling[] = [
  { title: "nothing is no bytes", text: "", bytes: [] },
  { title: "two characters are one byte", text: "AQ", bytes: [1] },
  { title: "three characters are two bytes", text: "AQI", bytes: [1, 2] },
  { title: "the URL alphabet is read", text: "-_8", bytes: [0xfb, 0xff] },
  { title: "the other alphabet is refused", text: "+/8", bytes: undefined },
  { title: "padding is refused", text: "AQ==", bytes: undefined },
  { title: "stray bits of one byte are refused", text: "AR", bytes: undefined },
  { title: "stray bits of two bytes are refused", text: "AQJ", bytes: undefined },
  { title: "one character is refused", text: "A", bytes: undefined },
  { title: "five characters are refused", text: "AQIDB", bytes: undefined },
  { title: "a space is refused", text: "AQ ID", bytes: undefined },
  { title: "a line feed at the end is refused", text: "AQ\n", bytes: undefined },
  { title: "a letter of another script is refused", text: "\u0410Q", bytes: undefined },
  { title: "a NUL is refused", text: "AQ\0", bytes: undefined },
];

const padded: readonly Spelling[] = [
  { title: "nothing is no bytes", text: "", bytes: [] },
  { title: "one byte takes two signs of padding", text: "AQ==", bytes: [1] },
  { title: "two bytes take one", text: "AQI=", bytes: [1, 2] },
  { title: "three bytes take none", text: "AQID", bytes: [1, 2, 3] },
  { title: "the standard alphabet is read", text: "+/8=", bytes: [0xfb, 0xff] },
  { title: "the URL alphabet is refused", text: "-_8=", bytes: undefined },
  { title: "missing padding is refused", text: "AQ", bytes: undefined },
  { title: "too much padding is refused", text: "AQI==", bytes: undefined },
  { title: "padding alone is refused", text: "====", bytes: undefined },
  { title: "padding inside is refused", text: "AQ==AQ==", bytes: undefined },
  { title: "stray bits are refused", text: "AR==", bytes: undefined },
  { title: "three signs of padding are refused", text: "A===", bytes: undefined },
  { title: "a line feed is refused", text: "AQI\n", bytes: undefined },
];

for (const { title, text, bytes } of url) {
  Deno.test(`base64url: ${title}`, () => assertEquals(decoded(decodeBase64UrlStrict(text)), bytes));
}

for (const { title, text, bytes } of padded) {
  Deno.test(`base64: ${title}`, () => assertEquals(decoded(decodeBase64Strict(text)), bytes));
}

const pairs = [
  { name: "base64url", encode: encodeBase64Url, decode: decodeBase64UrlStrict },
  { name: "base64", encode: encodeBase64, decode: decodeBase64Strict },
];
const alphabet = fc.constantFrom(..."ABQRghwxyz0189+/-_= \n");

for (const { name, encode, decode } of pairs) {
  Deno.test(`${name}: encoded bytes decode to themselves`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assertEquals(decode(encode(bytes)), bytes);
    }));
  });

  Deno.test(`${name}: any text that decodes is the encoding of its bytes`, () => {
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
        const bytes = decode(text);
        if (bytes !== undefined) assertEquals(encode(bytes), text);
      }),
      { numRuns: 2000 },
    );
  });
}

function decoded(bytes: Uint8Array | undefined): readonly number[] | undefined {
  return bytes === undefined ? undefined : [...bytes];
}
