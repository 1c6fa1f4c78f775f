/**
 * The header that a proxy sends before the bytes of its client, with the client's address. Both
 * versions are read: version 1 is a line of text, version 2 is binary (HAProxy, "The PROXY
 * protocol", 2020).
 */
import { parseHost } from "../pki/host.ts";
import { proxyHeaderBytesMax } from "../limits.ts";
import type { Endpoint } from "./byte_stream.ts";

/** What the first bytes of a proxy's connection are. */
export type ProxyHeader =
  | {
    readonly kind: "header";
    /** Bytes of the header. The client's bytes follow. */
    readonly length: number;
    /** The client. It is absent when the proxy itself connects, as for a health check. */
    readonly client: Endpoint | undefined;
  }
  /** The bytes are the beginning of a header. */
  | { readonly kind: "incomplete" }
  /** No header begins with these bytes. */
  | { readonly kind: "fault"; readonly fault: string };

/**
 * Reads the header at the beginning of `bytes`. It refuses what cannot become a header at the first
 * byte that shows it.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (begins(bytes, textStart)) return readText(bytes);
  if (begins(bytes, signature)) return readBinary(bytes);
  return faulty("it does not begin with a PROXY header");
}

const incomplete = { kind: "incomplete" } as const;

function faulty(fault: string): ProxyHeader {
  return { kind: "fault", fault };
}

/** Returns whether the bytes begin with the others, as far as there are any. */
function begins(bytes: Uint8Array, others: Uint8Array): boolean {
  return others.every((byte, at) => at >= bytes.length || bytes[at] === byte);
}

// Version 1 (section 2.1): PROXY TCP4 198.51.100.22 203.0.113.7 35646 80\r\n

const textStart = new TextEncoder().encode("PROXY ");
/** The longest line of version 1, with its end (section 2.1). */
const textBytesMax = 107;
const carriageReturn = 0x0d;
const newline = 0x0a;

function readText(bytes: Uint8Array): ProxyHeader {
  const end = bytes.subarray(0, textBytesMax).indexOf(newline);
  if (end === -1) {
    return bytes.length < textBytesMax
      ? incomplete
      : faulty(`its PROXY line is longer than ${textBytesMax} bytes`);
  }
  const bad = faulty("its PROXY line is not one of version 1");
  if (bytes[end - 1] !== carriageReturn) return bad;
  const text = String.fromCharCode(...bytes.subarray(textStart.length, end - 1));
  const length = end + 1;
  // The proxy does not know its client. What follows the word has no meaning (section 2.1).
  if (/^UNKNOWN( |$)/.test(text)) return { kind: "header", length, client: undefined };
  const [family, source = "", destination = "", sourcePort = "", destinationPort = "", ...more] =
    text.split(" ");
  const isOfFamily = (host: string) =>
    parseHost(host)?.kind === "ip" && host.includes(":") === (family === "TCP6");
  const isWhole = (family === "TCP4" || family === "TCP6") && more.length === 0 &&
    isOfFamily(source) && isOfFamily(destination) && isPort(sourcePort) && isPort(destinationPort);
  if (!isWhole) return bad;
  const host = family === "TCP6" ? withoutEmbedding(parseHost(source)!.value) : source;
  return { kind: "header", length, client: { host, port: Number(sourcePort) } };
}

function isPort(text: string): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535;
}

// Version 2 (section 2.2): signature, version and command, family and protocol, length, addresses,
// and extensions (TLVs). The extensions say nothing that the server needs.

const signature = Uint8Array.of(
  0x0d,
  0x0a,
  0x0d,
  0x0a,
  0,
  0x0d,
  0x0a,
  0x51,
  0x55,
  0x49,
  0x54,
  0x0a,
);
const fixedBytes = 16;
/** Bytes of an IPv4 and of an IPv6 address, by the value for TCP over them. */
const tcpAddressBytes: ReadonlyMap<number, number> = new Map([[0x11, 4], [0x21, 16]]);
const unspecified = 0x00;

function readBinary(bytes: Uint8Array): ProxyHeader {
  const [versionAndCommand, familyAndProtocol] = bytes.subarray(12);
  if (versionAndCommand === undefined) return incomplete;
  const isLocal = versionAndCommand === 0x20;
  if (!isLocal && versionAndCommand !== 0x21) {
    return faulty("the version or command of its PROXY header is unknown");
  }
  if (bytes.length < fixedBytes) return incomplete;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = fixedBytes + view.getUint16(14);
  if (length > proxyHeaderBytesMax) {
    return faulty(`its PROXY header is longer than ${proxyHeaderBytesMax} bytes`);
  }
  // The proxy connects by itself, or does not know its client. Then the addresses are to be skipped
  // (section 2.2).
  const hasClient = !isLocal && familyAndProtocol !== unspecified;
  const addressBytes = tcpAddressBytes.get(familyAndProtocol!);
  if (hasClient && addressBytes === undefined) {
    return faulty("the client in its PROXY header did not connect over TCP");
  }
  if (hasClient && length < fixedBytes + 2 * addressBytes! + 4) {
    return faulty("its PROXY header is too short for its addresses");
  }
  if (bytes.length < length) return incomplete;
  if (!hasClient) return { kind: "header", length, client: undefined };
  const address = bytes.subarray(fixedBytes, fixedBytes + addressBytes!);
  const port = view.getUint16(fixedBytes + 2 * addressBytes!);
  return { kind: "header", length, client: { host: hostOf(address), port } };
}

function hostOf(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => view.getUint16(at).toString(16));
  return withoutEmbedding(parseHost(groups.join(":"))!.value);
}

/** Returns `192.0.2.1` for `::ffff:c000:201`, so that one address counts as one. */
function withoutEmbedding(ipv6: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(ipv6) ?? [];
  if (high === undefined || low === undefined) return ipv6;
  const numbers = [parseInt(high, 16), parseInt(low, 16)];
  return numbers.flatMap((number) => [number >> 8, number & 0xff]).join(".");
}
