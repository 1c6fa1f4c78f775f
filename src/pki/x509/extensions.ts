/** The extensions of our certificates (RFC 5280 section 4.2). Their set and order are fixed. */
import { decodeHex } from "@std/encoding/hex";
import { createHash } from "node:crypto";
import { CertificateError } from "../../errors.ts";
import { type Host, ipv6Groups, parseHost } from "../host.ts";
import { parsePartyUri, type Party, partyUri, type Role } from "../party.ts";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer, readDer } from "./der.ts";
import { readPublicKeyInfo } from "./public_key_info.ts";

/** The names in a leaf: the party, and a server's hosts. */
export interface LeafNames {
  readonly party: Party;
  /** Without duplicates. Empty for a member. */
  readonly hosts: readonly Host[];
}

/** Positions of the variable extensions in a leaf. */
const leafIndex = { alternativeNames: 3, authorityKeyIdentifier: 5 } as const;

const ids = {
  subjectKeyIdentifier: "0603551d0e",
  keyUsage: "0603551d0f",
  alternativeNames: "0603551d11",
  basicConstraints: "0603551d13",
  authorityKeyIdentifier: "0603551d23",
  extendedKeyUsage: "0603551d25",
} as const;

/** The value of extendedKeyUsage: serverAuth or clientAuth. */
const purposes: Readonly<Record<Role, string>> = {
  server: "300a06082b06010505070301",
  member: "300a06082b06010505070302",
};

/** Tags of a GeneralName. */
const nameTags = { dns: 0x82, uri: 0x86, ip: 0x87 } as const;

/** Returns the extensions of a CA certificate in DER. Its path length of 0 allows no further CA. */
export function encodeAuthorityExtensions({ publicKeyInfo }: { publicKeyInfo: Bytes }): Bytes {
  return encodeDer(
    derTag.sequence,
    extension(ids.basicConstraints, decodeHex("30060101ff020100"), { critical: true }),
    // keyCertSign and cRLSign
    extension(ids.keyUsage, decodeHex("03020106"), { critical: true }),
    subjectKeyIdentifier(publicKeyInfo),
  );
}

/** Returns the extensions of a leaf in DER, with the {@link keyIdentifier} of the CA's key. */
export function encodeLeafExtensions(
  { party, hosts, publicKeyInfo, authorityKeyIdentifier }: LeafNames & {
    readonly publicKeyInfo: Bytes;
    readonly authorityKeyIdentifier: Bytes;
  },
): Bytes {
  return encodeDer(
    derTag.sequence,
    extension(ids.basicConstraints, decodeHex("3000"), { critical: true }),
    // digitalSignature
    extension(ids.keyUsage, decodeHex("03020780"), { critical: true }),
    // One purpose only. With both, a member's certificate would pass as the server's.
    extension(ids.extendedKeyUsage, decodeHex(purposes[party.role])),
    encodeAlternativeNames({ party, hosts }),
    subjectKeyIdentifier(publicKeyInfo),
    extension(
      ids.authorityKeyIdentifier,
      encodeDer(derTag.sequence, encodeDer(0x80, authorityKeyIdentifier)),
    ),
  );
}

/** Returns the subjectAltName extension of a leaf or a request: the party's URI, then the hosts. */
export function encodeAlternativeNames({ party, hosts }: LeafNames): Bytes {
  const names = [
    encodeDer(nameTags.uri, new TextEncoder().encode(partyUri(party))),
    ...hosts.map(({ kind, value }) => encodeDer(nameTags[kind], hostBytes({ kind, value }))),
  ];
  return extension(ids.alternativeNames, encodeDer(derTag.sequence, ...names));
}

/**
 * Returns the names in a subjectAltName extension.
 *
 * @throws {CertificateError} when there is not exactly one party, or a host is invalid or repeated
 */
export function readAlternativeNames(extension: DerElement): LeafNames {
  const value = extension.children.at(-1);
  const [uri, ...others] = value ? readDer(value.content).children : [];
  const text = uri?.tag === nameTags.uri ? new TextDecoder().decode(uri.content) : undefined;
  const party = text === undefined ? undefined : parsePartyUri(text);
  if (party === undefined) {
    const found = text === undefined ? "no URI" : `the URI ${text.slice(0, 80)}`;
    throw new CertificateError(`read alternative names: ${found} instead of a party's URI`);
  }
  const hosts = others.map(readHost);
  const hasNone = party.role === "member" && hosts.length > 0;
  if (hasNone || new Set(hosts.map(({ value }) => value)).size !== hosts.length) {
    throw new CertificateError("read alternative names: more names than the party's");
  }
  return { party, hosts };
}

/**
 * Returns the variable parts of a leaf's extensions.
 *
 * @throws {CertificateError} when one of them is missing or invalid
 */
export function readLeafExtensions(
  extensions: DerElement,
): LeafNames & { readonly authorityKeyIdentifier: Bytes } {
  const value = elementAt(extensions, leafIndex.authorityKeyIdentifier).children.at(-1);
  const identifier = value && elementAt(readDer(value.content), 0).content;
  if (!identifier) throw new CertificateError("read a certificate: no authority key identifier");
  return {
    ...readAlternativeNames(elementAt(extensions, leafIndex.alternativeNames)),
    authorityKeyIdentifier: identifier,
  };
}

/**
 * Returns the SHA-1 of a public key (RFC 5280 section 4.2.1.2, method 1). Other programs find an
 * issuer by it. It proves nothing: the signature does.
 *
 * @param publicKeyInfo SubjectPublicKeyInfo in DER
 * @returns 20 bytes
 * @throws {CertificateError} when the key is not an Ed25519 key
 */
export function keyIdentifier(publicKeyInfo: Bytes): Bytes {
  return new Uint8Array(createHash("sha1").update(readPublicKeyInfo(publicKeyInfo)).digest());
}

function subjectKeyIdentifier(publicKeyInfo: Bytes): Bytes {
  return extension(
    ids.subjectKeyIdentifier,
    encodeDer(derTag.octetString, keyIdentifier(publicKeyInfo)),
  );
}

function extension(id: string, value: Bytes, { critical = false } = {}): Bytes {
  const flag = critical ? [decodeHex("0101ff")] : [];
  return encodeDer(derTag.sequence, decodeHex(id), ...flag, encodeDer(derTag.octetString, value));
}

function readHost({ tag, content }: DerElement): Host {
  const text = tag === nameTags.dns
    ? new TextDecoder().decode(content)
    : tag === nameTags.ip
    ? addressText(content)
    : "";
  const host = parseHost(text);
  if (!host) throw new CertificateError("read alternative names: one is not a host or IP address");
  return host;
}

function hostBytes({ kind, value }: Host): Uint8Array {
  if (kind === "dns") return new TextEncoder().encode(value);
  if (!value.includes(":")) return Uint8Array.from(value.split("."), Number);
  return Uint8Array.from(ipv6Groups(value).flatMap((group) => [group >> 8, group & 0xff]));
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return "";
  const group = (at: number) => (bytes[at]! * 256 + bytes[at + 1]!).toString(16);
  return [0, 2, 4, 6, 8, 10, 12, 14].map(group).join(":");
}
