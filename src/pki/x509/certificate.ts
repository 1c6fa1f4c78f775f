/**
 * The two kinds of certificate: the CA's own, and the leaf of a server or a member. Each is a
 * template with a few variable fields. The same encoder issues certificates and defines which ones
 * are valid.
 */
import { decodeHex } from "@std/encoding/hex";
import { CertificateError } from "../../errors.ts";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer } from "./der.ts";
import { encodeName, readName } from "./distinguished_name.ts";
import {
  encodeAuthorityExtensions,
  encodeLeafExtensions,
  type LeafNames,
  readLeafExtensions,
} from "./extensions.ts";
import { ed25519Algorithm, type StructureCodec } from "./signed_structure.ts";
import { readPublicKeyInfo } from "./public_key_info.ts";
import { encodeValidity, readValidity, type Validity } from "./validity.ts";

/** Bytes of a serial number. */
export const serialBytes = 16;

interface CommonContents extends Validity {
  /** {@link serialBytes} bytes. The first is 0x40 to 0x7f: a positive number of constant length. */
  readonly serial: Bytes;
  /** SubjectPublicKeyInfo of an Ed25519 key in DER. The point is not verified yet. */
  readonly publicKeyInfo: Bytes;
}

/** The variable fields of a CA certificate. */
export interface AuthorityContents extends CommonContents {
  /** The common name, which matches {@link authorityNamePattern}. */
  readonly name: string;
}

/** The variable fields of a server or member certificate. */
export interface LeafContents extends CommonContents, LeafNames {
  /** The CA's common name. */
  readonly issuer: string;
  /** The CA's key identifier, as {@link keyIdentifier} makes it. */
  readonly authorityKeyIdentifier: Bytes;
}

/** The common name of a CA. Its random part lets people tell two CAs apart. */
const authorityNamePattern = /^micropay CA [0-9a-f]{8}$/;

const serverName = "micropay server";

/** Reads and writes CA certificates. Reading throws {@link CertificateError}. */
export const authorityCodec: StructureCodec<AuthorityContents> = {
  what: "a CA certificate",
  readBody(body) {
    const { name } = readName(elementAt(body, bodyIndex.subject));
    if (!authorityNamePattern.test(name)) {
      const shown = name.slice(0, 80);
      throw new CertificateError(`read a CA certificate: ${shown} is not the name of a CA`);
    }
    return { ...readCommon(body), name };
  },
  encodeBody: (contents) =>
    encodeBody(contents, {
      issuer: contents.name,
      subject: contents.name,
      extensions: encodeAuthorityExtensions(contents),
    }),
};

/** Reads and writes server and member certificates. Reading throws {@link CertificateError}. */
export const leafCodec: StructureCodec<LeafContents> = {
  what: "a certificate",
  readBody(body) {
    const { name: issuer } = readName(elementAt(body, bodyIndex.issuer));
    const extensions = elementAt(body, bodyIndex.extensions, 0);
    // The comparison of bytes would fail too, but its error would tell a person less.
    if (extensions.children.length === authorityExtensionsCount) {
      throw new CertificateError("read a certificate: it is a CA's");
    }
    return { ...readCommon(body), issuer, ...readLeafExtensions(extensions) };
  },
  encodeBody: (contents) =>
    encodeBody(contents, {
      issuer: contents.issuer,
      subject: contents.party.role === "server" ? serverName : contents.party.name,
      extensions: encodeLeafExtensions(contents),
    }),
};

const version3 = decodeHex("a003020102");
const authorityExtensionsCount = 3;
const bodyIndex = {
  serial: 1,
  issuer: 3,
  validity: 4,
  subject: 5,
  publicKeyInfo: 6,
  extensions: 7,
};

function readCommon(body: DerElement): CommonContents {
  const serial = elementAt(body, bodyIndex.serial).content;
  if (serial.length !== serialBytes || serial[0]! >> 6 !== 1) {
    throw new CertificateError(
      `read a certificate: its serial is not a positive number of ${serialBytes} bytes`,
    );
  }
  const publicKeyInfo = elementAt(body, bodyIndex.publicKeyInfo).bytes;
  readPublicKeyInfo(publicKeyInfo);
  return { serial, ...readValidity(elementAt(body, bodyIndex.validity)), publicKeyInfo };
}

function encodeBody(
  { serial, publicKeyInfo, ...validity }: CommonContents,
  { issuer, subject, extensions }: { issuer: string; subject: string; extensions: Bytes },
): Bytes {
  return encodeDer(
    derTag.sequence,
    version3,
    encodeDer(derTag.integer, serial),
    ed25519Algorithm,
    encodeName(issuer),
    encodeValidity(validity),
    encodeName(subject),
    publicKeyInfo,
    encodeDer(0xa3, extensions),
  );
}
