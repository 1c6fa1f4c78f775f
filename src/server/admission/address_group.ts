/**
 * The addresses that count as one. Somebody with one IPv6 address usually has the 2^64 addresses of
 * its network.
 */
import { ipv6Groups } from "../../pki/host.ts";

/**
 * Returns an IPv4 address unchanged, and the /64 network of an IPv6 address. All spellings of one
 * address give the same text.
 *
 * @param host an address as the runtime spells it
 */
export function addressGroup(host: string): string {
  const address = host.toLowerCase().replace(/%.*$/, "");
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (embedded !== undefined) return embedded;
  if (!address.includes(":")) return address;
  const network = ipv6Groups(address).slice(0, 4).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}
