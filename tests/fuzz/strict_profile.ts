/**
 * The profile of a member's certificate and request, written a second time from bytes alone. It
 * uses none of the program's encoder. Every certificate and request that the program accepts is
 * compared with it.
 */
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { type DerElement, readDer } from "../../src/pki/x509/der.ts";
import type { Der } from "../pki/certificate_maker.ts";

const ed25519 = "300506032b6570";
const keyPrefix = "302a300506032b6570032100";
/** The values of extensions that are the same in each certificate of a member, in hexadecimal. */
const extensionValues: Readonly<Record<string, string>> = {
  "0603551d13": "3000",
  "0603551d0f": "03020780",
  "0603551d25": "300a06082b06010505070302",
};
const alternativeNames = "0603551d11";
const extensionOrder = [
  ...Object.keys(extensionValues),
  alternativeNames,
  "0603551d0e",
  "0603551d23",
];
const criticalIds = ["0603551d13", "0603551d0f"];

/**
 * @throws when it is not a member's certificate of `name` by `issuer`, each field in its only
 * encoding
 */
export function requireMember(der: Der, { name, issuer }: { name: string; issuer: Der }): void {
  const [version, serial, inner, by, , subject, key, extensions, ...rest] = frameOf(der);
  assertEquals(hex(version), "a003020102");
  assert(serial!.tag === 2 && serial!.content.length <= 20 && serial!.content[0]! < 0x80);
  assertEquals(hex(inner), ed25519);
  assertEquals(by!.bytes, issuer);
  requireCommonName(subject!, name);
  assert(hex(key).startsWith(keyPrefix) && key!.bytes.length === 44);
  assertEquals(rest, []);
  assertEquals(extensions!.children.length, 1);
  const found = extensionsOf(extensions!.children[0]!);
  assertEquals([...found.keys()], extensionOrder);
  for (const [id, value] of Object.entries(extensionValues)) {
    assertEquals(found.get(id)?.value, value, id);
  }
  for (const [id, { isCritical }] of found) assertEquals(isCritical, criticalIds.includes(id), id);
  requireOneUri(found.get(alternativeNames)?.value, name);
}

/** @throws when it is not a request for `name` */
export function requireRequest(der: Der, { name }: { name: string }): void {
  const [version, subject, key, attributes, ...rest] = frameOf(der);
  assertEquals(hex(version), "020100");
  requireCommonName(subject!, name);
  assert(hex(key).startsWith(keyPrefix) && key!.bytes.length === 44);
  assertEquals(rest, []);
  assertEquals(attributes!.children.length, 1);
  const [id, values] = attributes!.children[0]!.children;
  assertEquals(hex(id), "06092a864886f70d01090e");
  assertEquals(values!.children.length, 1);
  requireOneUri(extensionsOf(values!.children[0]!).get(alternativeNames)?.value, name);
}

function frameOf(der: Der): readonly DerElement[] {
  const [body, algorithm, signature, ...rest] = readDer(der).children;
  assertEquals(hex(algorithm), ed25519);
  assertEquals([signature!.tag, signature!.content.length, rest.length], [3, 65, 0]);
  return body!.children;
}

/** One CN and nothing else. */
function requireCommonName(subject: DerElement, name: string): void {
  assertEquals(subject.children.length, 1);
  const [set] = subject.children;
  assertEquals([set!.tag, set!.children.length], [0x31, 1]);
  const [id, value, ...rest] = set!.children[0]!.children;
  assertEquals([hex(id), decoded(value!), rest.length], ["0603550403", name, 0]);
  assert(value!.tag === 0x13 || value!.tag === 0x0c);
}

function decoded({ content }: DerElement): string {
  return new TextDecoder().decode(content);
}

function requireOneUri(value: string | undefined, name: string): void {
  const uri = new TextEncoder().encode(`micropay:account:${name}`);
  const length = (count: number) => count.toString(16).padStart(2, "0");
  assertEquals(value, `30${length(uri.length + 2)}86${length(uri.length)}${encodeHex(uri)}`);
}

function extensionsOf(list: DerElement): Map<string, { isCritical: boolean; value: string }> {
  const found = new Map<string, { isCritical: boolean; value: string }>();
  for (const { children } of list.children) {
    const [id, second, third] = children;
    assert(!found.has(hex(id)), "an extension twice");
    const isCritical = second!.tag === 1 && second!.content[0] === 0xff;
    found.set(hex(id), { isCritical, value: encodeHex((third ?? second)!.content) });
  }
  return found;
}

function hex(element: DerElement | undefined): string {
  return element ? encodeHex(element.bytes) : "";
}
