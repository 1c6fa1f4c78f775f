/**
 * Which addresses count as one.
 */
import { assertEquals } from "@std/assert";
import { addressGroup } from "../../../src/server/admission/address_group.ts";

const rows: readonly { readonly group: string; readonly of: readonly string[] }[] = [
  { group: "192.0.2.1", of: ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:192.0.2.1"] },
  { group: "192.0.2.2", of: ["192.0.2.2"] },
  { group: "127.0.0.1", of: ["127.0.0.1"] },
  { group: "0:0:0:0::/64", of: ["::1", "::", "0:0:0:0:0:0:0:1"] },
  {
    group: "2001:db8:0:1::/64",
    of: [
      "2001:db8:0:1::1",
      "2001:db8:0:1:ffff:ffff:ffff:ffff",
      "2001:0DB8:0000:0001::2",
      "2001:db8::1:0:0:0:1",
    ],
  },
  { group: "2001:db8:0:2::/64", of: ["2001:db8:0:2::1"] },
  { group: "fe80:0:0:0::/64", of: ["fe80::1%eth0", "fe80::2"] },
];

for (const { group, of } of rows) {
  for (const host of of) {
    Deno.test(`address: ${host} counts with ${group}`, () => {
      assertEquals(addressGroup(host), group);
    });
  }
}
