/**
 * Names and addresses that a server is reached by, as they go into its certificate.
 */

export interface Host {
  readonly kind: "dns" | "ip";
  /** Lower case; an IPv6 address in its shortest form (RFC 5952). */
  readonly value: string;
}

const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const ipv6Pattern = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const dnsLabelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads a host as a person types it.
 *
 * Not accepted: wildcards (one certificate is for one server), zone identifiers (they mean something on one machine only),
 * ports, and names whose last label is a number, which some programs would read as an address (RFC 1123 section 2.1).
 *
 * @returns `undefined` when it is neither a DNS name nor an IP address
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

/** An interface of this machine, as a link-local address names it after a percent sign (RFC 4007 section 11). */
const zonePattern = /^[A-Za-z0-9._-]{1,32}$/;
/** fe80::/10 (RFC 4291 section 2.5.6): the same addresses exist on every link. */
const linkLocalPattern = /^fe[89ab][0-9a-f]:/;

/**
 * Reads a host to connect to or to listen on: as {@link parseHost}, an IPv6 address with or without brackets, and a link-local
 * one with its zone, `fe80::1%eth0`.
 *
 * @returns what the system is asked for, or `undefined` when it is no such host
 */
export function parseAddress(text: string): string | undefined {
  const inner = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  const [address = "", zone, ...rest] = inner.split("%");
  const host = parseHost(address)?.value;
  if (host === undefined || zone === undefined) return host;
  const isZone = rest.length === 0 && zonePattern.test(zone) && linkLocalPattern.test(host);
  return isZone ? `${host}%${zone}` : undefined;
}

/** The zone of an address that {@link parseAddress} read, if it has one. */
export function zoneOf(address: string): string | undefined {
  return address.split("%")[1];
}

/** An address without its zone, which means nothing on another machine. */
export function withoutZone(address: string): string {
  return address.split("%")[0]!;
}

/** A link-local address that came from another machine, in a zone of this one. Other addresses stay as they are. */
export function inZone(address: string, zone: string | undefined): string {
  return zone !== undefined && linkLocalPattern.test(address) ? `${address}%${zone}` : address;
}

/**
 * What every server's certificate is for, whatever else it is for: this machine by its usual names, and by its own where
 * that is a name at all (people call their computers anything).
 */
export function usualHosts(hostname: string): string[] {
  const usual = ["localhost", "127.0.0.1", "::1"];
  return parseHost(hostname) === undefined ? usual : [...usual, hostname];
}

function normalizeIpv6(text: string): string | undefined {
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}
