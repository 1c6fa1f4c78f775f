/**
 * Whom an address is counted with. Whoever has one IPv6 address mostly has the 2^64 of its network too, so those count as one.
 */

const groupsOfNetwork = 4;
const groupsOfAddress = 8;

/**
 * @param host an address as the network told it
 * @returns an IPv4 address as it is, of an IPv6 address its /64; equal for all spellings of one address
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
