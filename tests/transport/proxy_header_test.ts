/**
 * PROXY headers: vectors of both versions, whatever pieces they come in, and what is refused.
 */
import { assert, assertEquals } from "@std/assert";
import { readProxyHeader } from "../../src/transport/proxy_header.ts";
import { binaryHeader, headerSamples, ipv4Body, ipv6Body } from "./proxy_header_samples.ts";
import { ascii } from "./streams.ts";

for (const { name, bytes, client } of headerSamples) {
  Deno.test(`PROXY header: ${name} is read, and its beginnings are incomplete`, () => {
    const header = { kind: "header", length: bytes.length, client } as const;
    assertEquals(readProxyHeader(bytes), header);
    assertEquals(readProxyHeader(Uint8Array.of(...bytes, 0x65, 0x0a)), header);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(readProxyHeader(bytes.subarray(0, length)), { kind: "incomplete" }, `${length}`);
    }
  });
}

Deno.test("PROXY header: other bytes are refused at the first one that fits no header", () => {
  for (const start of ["PROXY ", "\r\n\r\n\0\r\nQUIT\n"]) {
    for (let at = 0; at < start.length; at++) {
      const other = ascii(`${start.slice(0, at)}e`);
      assertEquals(readProxyHeader(other).kind, "fault", JSON.stringify(start.slice(0, at)));
    }
  }
});

const texts: readonly string[] = [
  "PROXY TCP4 192.0.2.7 203.0.113.1 57609 8888\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 57609\r\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 57609 8888 1\r\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 57609 8888 \r\n",
  "PROXY TCP4  192.0.2.7 203.0.113.1 57609 8888\r\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 65536 8888\r\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 057609 8888\r\n",
  "PROXY TCP4 192.0.2.7 203.0.113.1 -1 8888\r\n",
  "PROXY TCP4 192.0.2.07 203.0.113.1 57609 8888\r\n",
  "PROXY TCP4 2001:db8::7 2001:db8::1 57609 8888\r\n",
  "PROXY TCP4 example.org 203.0.113.1 57609 8888\r\n",
  "PROXY TCP6 192.0.2.7 203.0.113.1 57609 8888\r\n",
  "PROXY TCP6 2001:db8::7 203.0.113.1 57609 8888\r\n",
  "PROXY TCP6 [2001:db8::7] 2001:db8::1 57609 8888\r\n",
  "PROXY TCP5 192.0.2.7 203.0.113.1 57609 8888\r\n",
  "PROXY tcp4 192.0.2.7 203.0.113.1 57609 8888\r\n",
  "PROXY UNKNOWNS\r\n",
  "PROXY \r\n",
];

for (const text of texts) {
  Deno.test(`PROXY header: version 1 refuses ${JSON.stringify(text)}`, () => {
    assertEquals(readProxyHeader(ascii(text)).kind, "fault");
  });
}

Deno.test("PROXY header: version 1 refuses a line of 108 bytes before it ends", () => {
  const line = `PROXY UNKNOWN ${"x".repeat(92)}\r\n`;
  assertEquals(line.length, 108);
  assertEquals(readProxyHeader(ascii(line.slice(0, 106))).kind, "incomplete");
  assertEquals(readProxyHeader(ascii(line.slice(0, 107))).kind, "fault");
  assertEquals(readProxyHeader(ascii(line)).kind, "fault");
});

const binaries: readonly { fault: string; bytes: Uint8Array }[] = [
  { fault: "another version", bytes: binaryHeader({ command: 0x11, body: ipv4Body }) },
  { fault: "another command", bytes: binaryHeader({ command: 0x22, body: ipv4Body }) },
  { fault: "UDP", bytes: binaryHeader({ family: 0x12, body: ipv4Body }) },
  { fault: "a Unix socket", bytes: binaryHeader({ family: 0x31, body: Array(216).fill(0) }) },
  { fault: "a short IPv4 body", bytes: binaryHeader({ body: ipv4Body.slice(1) }) },
  { fault: "a short IPv6 body", bytes: binaryHeader({ family: 0x21, body: ipv6Body.slice(1) }) },
  { fault: "537 bytes", bytes: binaryHeader({ body: [...ipv4Body, ...Array(509).fill(0)] }) },
  { fault: "the greatest length", bytes: binaryHeader({ body: ipv4Body, length: 0xffff }) },
];

for (const { fault, bytes } of binaries) {
  Deno.test(`PROXY header: version 2 refuses ${fault}, at the latest when its first 16 bytes came`, () => {
    assertEquals(readProxyHeader(bytes).kind, "fault");
    assertEquals(readProxyHeader(bytes.subarray(0, 16)).kind, "fault");
    assert(readProxyHeader(bytes.subarray(0, 12)).kind === "incomplete");
  });
}
