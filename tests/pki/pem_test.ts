import { assertEquals, assertThrows } from "@std/assert";
import { CertificateError } from "../../src/errors.ts";
import { derToPem, pemCharactersMax, pemToDer, pemToDers } from "../../src/pki/pem.ts";

const der = Uint8Array.from({ length: 100 }, (_, i) => i);
const pem = derToPem(der, "CERTIFICATE");

Deno.test("PEM has lines of 64 characters and is read back", () => {
  assertEquals(pem.split("\n").map(({ length }) => length), [27, 64, 64, 8, 25, 0]);
  assertEquals(pemToDer(pem, "CERTIFICATE"), der);
});

Deno.test("text around the block and CR LF line ends are accepted", () => {
  assertEquals(pemToDer(`Certificate:\n  Data\n${pem}\n`, "CERTIFICATE"), der);
  assertEquals(pemToDer(pem.replaceAll("\n", "\r\n"), "CERTIFICATE"), der);
});

Deno.test("several certificates are read in order, and refused when one is expected", () => {
  const two = pem + derToPem(der.subarray(1), "CERTIFICATE");
  assertEquals(pemToDers(two, "CERTIFICATE"), [der, der.slice(1)]);
  assertThrows(() => pemToDer(two, "CERTIFICATE"), CertificateError, "2 CERTIFICATE blocks");
});

Deno.test("invalid PEM is refused", async (test) => {
  const rows: [string, string][] = [
    ["nothing", ""],
    ["another label", derToPem(der, "PRIVATE KEY")],
    ["a key behind the certificate", pem + derToPem(der, "PRIVATE KEY")],
    ["no end", pem.slice(0, -27)],
    ["no beginning", pem.slice(28)],
    ["a beginning inside", pem.replace("\n", "\n-----BEGIN CERTIFICATE-----\n")],
    ["an empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"],
    ["a letter that is not base64", pem.replace("AAEC", "AA*C")],
    ["no padding", pem.replaceAll("=", "")],
    ["stray bits", pem.replace("Yw==", "Yx==")],
    ["headers", pem.replace("\n", "\nProc-Type: 4,ENCRYPTED\n\n")],
    ["more than the limit", pem + " ".repeat(pemCharactersMax)],
  ];
  for (const [title, text] of rows) {
    await test.step(title, () => {
      assertThrows(() => pemToDer(text, "CERTIFICATE"), CertificateError, "read PEM: ");
    });
  }
});
