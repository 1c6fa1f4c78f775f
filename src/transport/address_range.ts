/** Ranges of IP addresses: `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`. */
import { ipv6Groups, parseHost, withoutZone } from "../pki/host.ts";

/** The addresses of one family that share their first bits. */
export interface AddressRange {
  /** The bits of an address of the range: 32 of IPv4, 128 of IPv6. */
  readonly address: bigint;
  readonly family: 4 | 6;
  /** How many bits of an address in the range are those of `address`. */
  readonly prefixBits: number;
}

interface Address {
  readonly bits: bigint;
  readonly family: 4 | 6;
}

/**
 * Reads `ADDRESS` or `ADDRESS/BITS`.
 *
 * @returns `undefined` when the text is not a range, or when its address has bits after the prefix.
 * Such a range is usually a slip: the address of a machine with the prefix of its network.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isInRange("10.1.2.3", parseAddressRange("10.0.0.0/8")!), true);
 * assertEquals(parseAddressRange("10.1.2.3/8"), undefined);
 * ```
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, host = "", prefix] = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const address = addressOf(host);
  if (address === undefined) return undefined;
  const width = widthOf[address.family];
  const prefixBits = prefix === undefined ? width : Number(prefix);
  if (prefixBits > width) return undefined;
  const rest = BigInt(width - prefixBits);
  if (address.bits >> rest << rest !== address.bits) return undefined;
  return { address: address.bits, family: address.family, prefixBits };
}

/**
 * Returns whether an address is in a range.
 *
 * @param host an address as the runtime spells it; a zone does not count
 */
export function isInRange(host: string, { address, family, prefixBits }: AddressRange): boolean {
  const given = addressOf(withoutZone(host));
  if (given?.family !== family) return false;
  const rest = BigInt(widthOf[family] - prefixBits);
  return given.bits >> rest === address >> rest;
}

const widthOf = { 4: 32, 6: 128 } as const;

function addressOf(host: string): Address | undefined {
  const parsed = parseHost(host);
  if (parsed?.kind !== "ip") return undefined;
  if (parsed.value.includes(":")) {
    return { bits: joinBits(ipv6Groups(parsed.value), 16), family: 6 };
  }
  return { bits: joinBits(parsed.value.split(".").map(Number), 8), family: 4 };
}

function joinBits(parts: readonly number[], bitsOfPart: number): bigint {
  return parts.reduce((bits, part) => bits << BigInt(bitsOfPart) | BigInt(part), 0n);
}
