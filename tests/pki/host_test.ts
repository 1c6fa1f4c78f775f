import { assertEquals } from "@std/assert";
import {
  inZone,
  parseAddress,
  parseHost,
  usualHosts,
  withoutZone,
  zoneOf,
} from "../../src/pki/host.ts";

Deno.test("a host is a DNS name or an IP address in canonical form", () => {
  const rows: [string, string, string][] = [
    ["localhost", "dns", "localhost"],
    ["Pay.Example.ORG", "dns", "pay.example.org"],
    ["xn--mnchen-3ya.de", "dns", "xn--mnchen-3ya.de"],
    ["3com.com", "dns", "3com.com"],
    ["a".repeat(63), "dns", "a".repeat(63)],
    ["192.168.0.255", "ip", "192.168.0.255"],
    ["::1", "ip", "::1"],
    ["2001:DB8:0:0:0:0:0:1", "ip", "2001:db8::1"],
    ["::ffff:10.0.0.1", "ip", "::ffff:a00:1"],
  ];
  for (const [text, kind, value] of rows) {
    assertEquals(parseHost(text), { kind, value } as ReturnType<typeof parseHost>, text);
  }
});

Deno.test("other texts are not hosts", () => {
  const others = [
    "",
    ".",
    "a..b",
    "a.",
    "-a",
    "a-",
    "a b",
    "a_b",
    "*.example.org",
    "münchen.de",
    "example.org:80",
    "http://example.org",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.4.",
    "a.1",
    "fe80::1%eth0",
    "[::1]",
    ":::",
    "1::2::3",
    "::1]/@[::",
    "a".repeat(64),
    `${"a.".repeat(127)}`,
    "localhost\n",
  ];
  for (const text of others) assertEquals(parseHost(text), undefined, text);
});

Deno.test("the usual hosts include this machine's name when it is valid", () => {
  const usual = ["localhost", "127.0.0.1", "::1"];
  assertEquals(usualHosts("pi4"), [...usual, "pi4"]);
  assertEquals(usualHosts("Anna’s Laptop"), usual);
});

Deno.test("an address to connect to may have brackets, and a link-local one a zone", () => {
  const rows: [string, string | undefined][] = [
    ["127.0.0.1", "127.0.0.1"],
    ["Pay.Example.ORG", "pay.example.org"],
    ["::", "::"],
    ["[::1]", "::1"],
    ["[2001:DB8:0:0::1]", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["[FE80::1%en0]", "fe80::1%en0"],
    ["febf::1%4", "febf::1%4"],
    ["fe80::1", "fe80::1"],
    ["::1%lo", undefined],
    ["2001:db8::1%eth0", undefined],
    ["127.0.0.1%eth0", undefined],
    ["fe80::1%", undefined],
    ["fe80::1%eth0%eth1", undefined],
    ["fe80::1%a b", undefined],
    ["[fe80::1]%eth0", undefined],
    ["[127.0.0.1]", undefined],
    ["[::1", undefined],
    ["[::1]:7000", undefined],
    ["[[::1]]", undefined],
    ["", undefined],
  ];
  for (const [text, address] of rows) assertEquals(parseAddress(text), address, text);
});

Deno.test("a zone stays on this machine, and link-local addresses of others get it", () => {
  assertEquals([zoneOf("fe80::1%eth0"), zoneOf("::1")], ["eth0", undefined]);
  assertEquals([withoutZone("fe80::1%eth0"), withoutZone("::1")], ["fe80::1", "::1"]);
  assertEquals(inZone("fe80::2", "eth0"), "fe80::2%eth0");
  assertEquals(inZone("fe80::2", undefined), "fe80::2");
  for (const other of ["192.0.2.1", "2001:db8::1", "localhost", "fe80.example.org"]) {
    assertEquals(inZone(other, "eth0"), other);
  }
});
