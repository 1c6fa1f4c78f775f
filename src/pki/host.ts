/** The DNS names and IP addresses of a server, in the form that its certificate holds. */

export interface Host {
  readonly kind: "dns" | "ip";
  /** In lower case. An IPv6 address has its shortest form (RFC 5952). */
  readonly value: string;
}

const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const ipv6Pattern = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const dnsLabelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads a DNS name or an IP address that a person typed.
 *
 * Refused are wildcards (a certificate is for one server), zones (they hold on one machine only)
 * and ports. A name whose last label is a number is refused too, because some programs read it as
 * an address (RFC 1123 section 2.1).
 *
 * @returns `undefined` when the text is neither a DNS name nor an IP address
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseHost("Pay.Example.ORG"), { kind: "dns", value: "pay.example.org" });
 * assertEquals(parseHost("2001:DB8:0::1"), { kind: "ip", value: "2001:db8::1" });
 * assertEquals(parseHost("*.example.org"), undefined);
 * ```
 */
export function parseHost(text: string): Host | undefined {
  if (ipv4Pattern.test(text)) return { kind: "ip", value: text };
  if (text.includes(":")) {
    const value = ipv6Pattern.test(text) ? normalizeIpv6(text) : undefined;
    return value === undefined ? undefined : { kind: "ip", value };
  }
  if (!/^[A-Za-z0-9.-]{1,253}$/.test(text)) return undefined;
  const value = text.toLowerCase();
  const labels = value.split(".");
  const isName = labels.every((label) => dnsLabelPattern.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1)!);
  return isName ? { kind: "dns", value } : undefined;
}

/** The zone of a link-local address: a network interface of this machine (RFC 4007 section 11). */
const zonePattern = /^[A-Za-z0-9._-]{1,32}$/;
/** fe80::/10 (RFC 4291 section 2.5.6). These addresses repeat on every link. */
const linkLocalPattern = /^fe[89ab][0-9a-f]:/;

/**
 * Reads a host to connect to or to listen on. Beyond {@link parseHost}, it accepts brackets around
 * an IPv6 address, and a zone on a link-local one: `fe80::1%eth0`.
 *
 * @returns the host in the form that the system expects, or `undefined` when the text is not a host
 */
export function parseAddress(text: string): string | undefined {
  const inner = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  const [address = "", zone, ...rest] = inner.split("%");
  const host = parseHost(address)?.value;
  if (host === undefined || zone === undefined) return host;
  const isZone = rest.length === 0 && zonePattern.test(zone) && linkLocalPattern.test(host);
  return isZone ? `${host}%${zone}` : undefined;
}

/** Returns the zone of an address that {@link parseAddress} read, or `undefined` without one. */
export function zoneOf(address: string): string | undefined {
  return address.split("%")[1];
}

/** Returns an address without its zone, which means nothing on another machine. */
export function withoutZone(address: string): string {
  return address.split("%")[0]!;
}

/** Returns a link-local address with this machine's zone, and any other address unchanged. */
export function inZone(address: string, zone: string | undefined): string {
  return zone !== undefined && linkLocalPattern.test(address) ? `${address}%${zone}` : address;
}

/** Returns the hosts that every server certificate names: loopback, and this machine's name. */
export function usualHosts(hostname: string): string[] {
  const usual = ["localhost", "127.0.0.1", "::1"];
  return parseHost(hostname) === undefined ? usual : [...usual, hostname];
}

/** Returns the eight numbers of an IPv6 address. */
export function ipv6Groups(address: string): number[] {
  const [head = [], tail = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return [...head, ...zeros, ...tail].map((group) => parseInt(group, 16));
}

function normalizeIpv6(text: string): string | undefined {
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}
