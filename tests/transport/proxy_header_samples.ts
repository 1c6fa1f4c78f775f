/**
 * PROXY headers of both versions, and what they say.
 */
import { decodeHex } from "@std/encoding/hex";
import type { Endpoint } from "../../src/transport/byte_stream.ts";
import { ascii } from "./streams.ts";

export interface HeaderSample {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly client: Endpoint | undefined;
}

/** Returns a header of version 2. */
export function binaryHeader(
  { command = 0x21, family = 0x11, body, length = body.length }: {
    command?: number;
    family?: number;
    body: readonly number[] | Uint8Array;
    length?: number;
  },
): Uint8Array<ArrayBuffer> {
  const start = decodeHex("0d0a0d0a000d0a515549540a");
  return Uint8Array.of(...start, command, family, length >> 8, length & 0xff, ...body);
}

/** 192.0.2.7:57609 to 203.0.113.1:8888. */
export const ipv4Body = [192, 0, 2, 7, 203, 0, 113, 1, 0xe1, 0x09, 0x22, 0xb8];
/** [2001:db8::7]:57609 to [2001:db8::1]:8888. */
export const ipv6Body = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0xe1, 0x09, 0x22, 0xb8],
];
const embeddedBody = [...Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 7, ...ipv6Body.slice(16)];

const ipv4 = { host: "192.0.2.7", port: 57_609 };
const ipv6 = { host: "2001:db8::7", port: 57_609 };

export const headerSamples: readonly HeaderSample[] = [
  {
    name: "version 1, IPv4",
    bytes: ascii("PROXY TCP4 192.0.2.7 203.0.113.1 57609 8888\r\n"),
    client: ipv4,
  },
  {
    name: "version 1, IPv6",
    bytes: ascii("PROXY TCP6 2001:DB8::7 2001:db8::1 57609 8888\r\n"),
    client: ipv6,
  },
  {
    name: "version 1, the longest line of IPv6",
    bytes: ascii(`PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`),
    client: { host: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", port: 65_535 },
  },
  {
    name: "version 1, IPv4 in IPv6",
    bytes: ascii("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.1 57609 8888\r\n"),
    client: ipv4,
  },
  { name: "version 1, unknown", bytes: ascii("PROXY UNKNOWN\r\n"), client: undefined },
  {
    name: "version 1, unknown with the longest line",
    bytes: ascii(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`),
    client: undefined,
  },
  { name: "version 2, IPv4", bytes: binaryHeader({ body: ipv4Body }), client: ipv4 },
  { name: "version 2, IPv6", bytes: binaryHeader({ family: 0x21, body: ipv6Body }), client: ipv6 },
  {
    name: "version 2, IPv4 in IPv6",
    bytes: binaryHeader({ family: 0x21, body: embeddedBody }),
    client: ipv4,
  },
  {
    name: "version 2, with extensions",
    bytes: binaryHeader({ body: [...ipv4Body, 0x04, 0, 3, 1, 2, 3, 0xea, 0, 1, 9] }),
    client: ipv4,
  },
  {
    name: "version 2, the longest header",
    bytes: binaryHeader({ body: [...ipv4Body, ...Array(508).fill(0x0a)] }),
    client: ipv4,
  },
  {
    name: "version 2, a health check of the proxy",
    bytes: binaryHeader({ command: 0x20, family: 0, body: [] }),
    client: undefined,
  },
  {
    name: "version 2, a health check with addresses",
    bytes: binaryHeader({ command: 0x20, body: ipv4Body }),
    client: undefined,
  },
  {
    name: "version 2, a client that the proxy does not know",
    bytes: binaryHeader({ family: 0, body: [1, 2, 3] }),
    client: undefined,
  },
];
