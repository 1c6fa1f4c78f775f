import { assertEquals, assertThrows } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { derDepthMax, readDer } from "../../src/pki/x509/der.ts";
import { bytes, tlv } from "./certificate_maker.ts";

Deno.test("a nested structure is read with its raw bytes", () => {
  const inner = tlv(0x02, bytes(5));
  const root = readDer(tlv(0x30, inner, tlv(0x04, new Uint8Array(300))));
  assertEquals(root.children.map(({ tag }) => tag), [0x02, 0x04]);
  assertEquals(root.children[0]!.bytes, inner);
  assertEquals(root.children[1]!.content.length, 300);
});

Deno.test("bytes that are not DER are refused", async (test) => {
  const rows: [string, number[]][] = [
    ["nothing", []],
    ["a tag alone", [0x30]],
    ["a length that is cut off", [0x04, 0x82, 1]],
    ["content that is cut off", [0x04, 2, 0]],
    ["bytes after the end", [0x05, 0, 0]],
    ["an indefinite length", [0x30, 0x80, 0, 0]],
    ["a padded short length", [0x04, 0x81, 1, 0]],
    ["a padded long length", [0x04, 0x82, 0, 0x80, ...new Uint8Array(128)]],
    ["a length of three bytes", [0x04, 0x83, 0, 0, 0]],
    ["a tag of two bytes", [0x1f, 0x81, 0]],
    ["a child that reaches past its parent", [0x30, 2, 0x04, 1, 0]],
  ];
  for (const [title, values] of rows) {
    await test.step(title, () => {
      assertThrows(() => readDer(bytes(...values)), CertificateError, "read DER: ");
    });
  }
});

Deno.test("nesting is read to its limit and refused one level deeper", () => {
  const nested = (levels: number) => {
    let value = bytes(0x05, 0);
    for (let i = 0; i < levels; i++) value = tlv(0x30, value);
    return value;
  };
  readDer(nested(derDepthMax));
  assertThrows(() => readDer(nested(derDepthMax + 1)), CertificateError, "nested too deeply");
});
