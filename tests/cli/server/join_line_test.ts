/**
 * The line that tells members how to join.
 */
import { assertEquals } from "@std/assert";
import { joinLine } from "../../../src/cli/server/join_line.ts";

const fingerprint = "0123456789abcdef".repeat(4);
const usual = ["localhost", "127.0.0.1", "::1"];

const rows: readonly {
  readonly title: string;
  readonly host?: string;
  readonly hostname?: string;
  readonly given?: readonly string[];
  readonly shown: string;
}[] = [
  { title: "this machine's name, where it listens on all addresses", shown: "pi4" },
  { title: "the same on all of IPv4", host: "0.0.0.0", shown: "pi4" },
  { title: "the one address that it listens on", host: "192.0.2.7", shown: "192.0.2.7" },
  { title: "an IPv6 address in brackets", host: "2001:db8::1", shown: "[2001:db8::1]" },
  {
    title: "a placeholder, where it listens on a link-local address with a zone",
    host: "fe80::1%eth0",
    shown: "HOST",
  },
  {
    title: "the first name that the operator gave the certificate",
    given: ["pay.example.org", "192.0.2.7"],
    shown: "pay.example.org",
  },
  {
    title: "its address all the same, where the certificate has another name",
    host: "192.0.2.7",
    given: ["pay.example.org"],
    shown: "192.0.2.7",
  },
  {
    title: "a placeholder, where this machine's name is none",
    hostname: "Anna’s Laptop",
    shown: "HOST",
  },
  {
    title: "a placeholder, where every machine has this name",
    hostname: "localhost",
    shown: "HOST",
  },
];

for (const { title, host = "::", hostname = "pi4", given = [], shown } of rows) {
  Deno.test(`join: the host is ${title}`, () => {
    const certificateHosts = [...usual, "pi4", ...given];
    assertEquals(
      joinLine({
        host,
        port: 8888,
        certificateHosts: hostname === "pi4" ? certificateHosts : usual,
        hostname,
        fingerprint,
      }),
      `Members join with: micropay client join 'micropay://${shown}:8888/?ca=${fingerprint}'`,
    );
  });
}

Deno.test("join: the line has the servers that the operator named, in place of this one", () => {
  const address = { host: "192.0.2.7", port: 8888, certificateHosts: usual, hostname: "pi4" };
  const joinHosts = "one.example.org,two.example.org:8889,[::1]:8888,::1";
  const servers = "&server=two.example.org:8889&server=%5B::1%5D:8888";
  assertEquals(
    joinLine({ ...address, joinHosts, fingerprint }),
    `Members join with: micropay client join 'micropay://one.example.org:8888/?ca=${fingerprint}${servers}'`,
  );
});
