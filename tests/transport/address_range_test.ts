/**
 * Ranges of addresses: which texts are one, and which addresses are in it.
 */
import { assertEquals } from "@std/assert";
import { isInRange, parseAddressRange } from "../../src/transport/address_range.ts";

const ranges: readonly { range: string; inside: string[]; outside: string[] }[] = [
  { range: "192.0.2.7", inside: ["192.0.2.7"], outside: ["192.0.2.6", "::ffff:c000:207"] },
  { range: "192.0.2.0/24", inside: ["192.0.2.0", "192.0.2.255"], outside: ["192.0.3.0", "::1"] },
  { range: "192.0.2.8/31", inside: ["192.0.2.8", "192.0.2.9"], outside: ["192.0.2.7"] },
  { range: "0.0.0.0/0", inside: ["0.0.0.0", "255.255.255.255"], outside: ["::", "::1"] },
  { range: "::1", inside: ["::1", "0:0::1"], outside: ["::2", "127.0.0.1"] },
  {
    range: "2001:DB8::/32",
    inside: ["2001:db8::", "2001:db8:ffff::1"],
    outside: ["2001:db9::", "10.0.0.1"],
  },
  { range: "::/0", inside: ["::", "fe80::1%eth0"], outside: ["0.0.0.0"] },
  { range: "fe80::1", inside: ["fe80::1%eth0"], outside: ["fe80::2%eth0"] },
];

for (const { range, inside, outside } of ranges) {
  Deno.test(`address range: ${range} holds its own addresses and no others`, () => {
    const parsed = parseAddressRange(range)!;
    assertEquals(inside.filter((host) => !isInRange(host, parsed)), []);
    assertEquals(outside.filter((host) => isInRange(host, parsed)), []);
  });
}

const refused = [
  ...["", "localhost", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/24", "192.0.2.0/024", "/8"],
  ...["192.0.2.0/-1", "::1/129", "2001:db8::1/32", "fe80::1%eth0", "[::1]", "192.0.2.0/24/24"],
];

for (const text of refused) {
  Deno.test(`address range: "${text}" is refused`, () => {
    assertEquals(parseAddressRange(text), undefined);
  });
}
