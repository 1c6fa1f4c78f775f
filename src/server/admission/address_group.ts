/**
 * The addresses that count as one. Somebody with one IPv6 address usually has the 2^64 addresses of
 * its network.
 */

const groupsOfNetwork = 4;
const groupsOfAddress = 8;

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
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : groupsOfAddress - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after];
  const network = groups.slice(0, groupsOfNetwork).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}
