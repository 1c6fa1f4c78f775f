/**
 * The ways in which one field of a certificate can be wrong, for a CA, a server and a member. Each
 * defect changes a good certificate, which is then signed correctly.
 */
import { groupOrder } from "../../src/pki/ed25519_point.ts";
import { bytes, type Der } from "./certificate_maker.ts";
import { childrenOf, leafOf, type Node, raw, text, writeTree } from "./der_tree.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

export type CertificateKind = "root" | "server" | "member";

/** @param body the signed part */
type Edit = (body: Node, kind: CertificateKind) => void;

export interface Defect {
  readonly title: string;
  /** The certificates that can have the defect. All when absent. */
  readonly kinds?: readonly CertificateKind[];
  readonly edit?: Edit;
  /** Changes the whole structure after signing. */
  readonly finish?: (certificate: Node) => void;
}

const leaves = ["server", "member"] as const;
const at = {
  version: 0,
  serial: 1,
  algorithm: 2,
  issuer: 3,
  validity: 4,
  subject: 5,
  key: 6,
  extensions: 7,
} as const;

/** Positions of the extensions in a CA certificate and in a leaf. */
const rootPlaces: Readonly<Record<string, number>> = {
  basicConstraints: 0,
  keyUsage: 1,
  subjectKeyIdentifier: 2,
};
const leafPlaces: Readonly<Record<string, number>> = {
  basicConstraints: 0,
  keyUsage: 1,
  extendedKeyUsage: 2,
  alternativeNames: 3,
  subjectKeyIdentifier: 4,
  authorityKeyIdentifier: 5,
};

function extensionsOf(body: Node): Node[] {
  return childrenOf(body, at.extensions, 0);
}

function extensionOf(body: Node, name: string, kind: CertificateKind): Node {
  return extensionsOf(body)[(kind === "root" ? rootPlaces : leafPlaces)[name]!]!;
}

/** Replaces the value of an extension. */
function withValue(name: string, ...values: number[]): Edit {
  return (body, kind) => {
    childrenOf(extensionOf(body, name, kind)).splice(-1, 1, {
      tag: 0x04,
      content: bytes(...values),
    });
  };
}

/** The elements in an extension's value, such as general names or purposes. */
function valueOf(body: Node, name: string, kind: CertificateKind): Node[] {
  return childrenOf(extensionOf(body, name, kind), -1, 0);
}

function extension(id: number[], { critical, value }: { critical: boolean; value: number[] }) {
  const flag = critical ? [raw(0x01, 1, 0xff)] : [];
  const content = bytes(...value);
  return { tag: 0x30, children: [raw(0x06, id.length, ...id), ...flag, { tag: 0x04, content }] };
}

const put = (place: number, ...values: number[]): Edit => (body) => {
  childrenOf(body)[place] = raw(...values);
};

const versions: readonly Defect[] = [
  { title: "no version", edit: (body) => childrenOf(body).splice(at.version, 1) },
  { title: "version 1, spelled out", edit: put(at.version, 0xa0, 3, 2, 1, 0) },
  { title: "version 2", edit: put(at.version, 0xa0, 3, 2, 1, 1) },
  { title: "version 4", edit: put(at.version, 0xa0, 3, 2, 1, 3) },
  { title: "a padded version", edit: put(at.version, 0xa0, 4, 2, 2, 0, 2) },
  { title: "two versions", edit: put(at.version, 0xa0, 6, 2, 1, 2, 2, 1, 2) },
  { title: "an empty version", edit: put(at.version, 0xa0, 0) },
  { title: "a version in another tag", edit: put(at.version, 0xa1, 3, 2, 1, 2) },
];

const serials: readonly Defect[] = [
  { title: "serial zero", edit: put(at.serial, 2, 1, 0) },
  { title: "an empty serial", edit: put(at.serial, 2, 0) },
  { title: "a negative serial", edit: put(at.serial, 2, 16, ...Array(16).fill(0x80)) },
  { title: "a padded serial", edit: put(at.serial, 2, 17, 0, ...Array(16).fill(0x42)) },
  { title: "a short serial", edit: put(at.serial, 2, 1, 0x42) },
  { title: "a serial of 20 bytes", edit: put(at.serial, 2, 20, ...Array(20).fill(0x42)) },
  { title: "a serial of 21 bytes", edit: put(at.serial, 2, 21, ...Array(21).fill(0x42)) },
  { title: "a serial that begins with 0x3f", edit: put(at.serial, 2, 16, ...Array(16).fill(0x3f)) },
  { title: "a serial that is an octet string", edit: put(at.serial, 4, 16, ...Array(16).fill(66)) },
  { title: "no serial", edit: (body) => childrenOf(body).splice(at.serial, 1) },
];

const algorithms: readonly Defect[] = [
  ["Ed448", [0x30, 5, 6, 3, 0x2b, 0x65, 0x71]],
  ["Ed25519 with null parameters", [0x30, 7, 6, 3, 0x2b, 0x65, 0x70, 5, 0]],
  ["a padded object identifier", [0x30, 6, 6, 4, 0x2b, 0x65, 0x80, 0x70]],
  ["an empty object identifier", [0x30, 2, 6, 0]],
  ["no object identifier", [0x30, 0]],
  ["a set instead of a sequence", [0x31, 5, 6, 3, 0x2b, 0x65, 0x70]],
].flatMap(([what, values]): Defect[] => [
  { title: `inside: ${what}`, edit: put(at.algorithm, ...values as number[]) },
  {
    title: `outside: ${what}`,
    finish: (whole) => childrenOf(whole)[1] = raw(...values as number[]),
  },
]);

/** Defects of the issuer's or the subject's name. */
function nameDefects(which: "issuer" | "subject"): Defect[] {
  const place = at[which];
  const common = (body: Node) => childrenOf(body, place, 0, 0);
  const value = (body: Node) => leafOf(body, place, 0, 0, 1);
  const rows: { title: string; edit: Edit }[] = [
    { title: "empty", edit: put(place, 0x30, 0) },
    { title: "an empty RDN", edit: (body) => childrenOf(body, place).push(raw(0x31, 0)) },
    { title: "only an empty RDN", edit: put(place, 0x30, 2, 0x31, 0) },
    { title: "the common name twice", edit: (body) => double(childrenOf(body, place), 0) },
    {
      title: "two common names in one RDN",
      edit: (body) => double(childrenOf(body, place, 0), 0),
    },
    {
      title: "an organization besides",
      edit: (body) =>
        childrenOf(body, place).push({
          tag: 0x31,
          children: [{ tag: 0x30, children: [raw(6, 3, 0x55, 4, 0x0a), text(0x0c, "o")] }],
        }),
    },
    {
      title: "an organization instead of a common name",
      edit: (body) => common(body)[0] = raw(6, 3, 0x55, 4, 0x0a),
    },
    {
      title: "a padded object identifier",
      edit: (body) => common(body)[0] = raw(6, 4, 0x55, 0x80, 4, 3),
    },
    { title: "an empty object identifier", edit: (body) => common(body)[0] = raw(6, 0) },
    { title: "a third member", edit: (body) => common(body).push(raw(5, 0)) },
    { title: "no text", edit: (body) => common(body).splice(1, 1) },
    { title: "an empty text", edit: (body) => value(body).content = bytes() },
    { title: "another kind of text", edit: (body) => value(body).tag = 0x0c },
    { title: "a text of one byte characters (T61)", edit: (body) => value(body).tag = 0x14 },
    { title: "a text of IA5", edit: (body) => value(body).tag = 0x16 },
    { title: "a text in pieces", edit: (body) => value(body).tag = 0x33 },
    {
      title: "other letters",
      edit: (body) => value(body).content[0]! ^= 0x20,
    },
    {
      title: "a NUL in it",
      edit: (body) => value(body).content = bytes(...value(body).content, 0),
    },
    {
      title: "a blank after it",
      edit: (body) => value(body).content = bytes(...value(body).content, 0x20),
    },
    {
      title: "a byte order mark before it",
      edit: (body) => value(body).content = bytes(0xef, 0xbb, 0xbf, ...value(body).content),
    },
    {
      title: "a set that is tagged [0]",
      edit: (body) =>
        childrenOf(body, place)[0] = { tag: 0xa0, children: [...nameOf(body, place)] },
    },
    { title: "no sequence", edit: (body) => retag(body, place, 0x31) },
  ];
  return rows.map(({ title, edit }) => ({ title: `${which}: ${title}`, edit }));
}

function nameOf(body: Node, place: number): Node[] {
  return childrenOf(body, place, 0);
}

function double(list: Node[], index: number): void {
  list.splice(index, 0, { raw: writeTree(list[index]!) });
}

function retag(body: Node, place: number, tag: number): void {
  childrenOf(body)[place] = { tag, children: childrenOf(body, place) };
}

/**
 * Invalid dates and non-canonical forms of valid dates. A lenient reader would accept each of them.
 */
const dates: readonly (readonly [title: string, tag: number, text: string])[] = [
  ["no text", 0x17, ""],
  ["no seconds", 0x17, "2701011200Z"],
  ["no zone", 0x17, "270101120000"],
  ["a zone in hours", 0x17, "270101120000+0000"],
  ["a long date with a zone in hours", 0x18, "20270301120000+0000"],
  ["a small z", 0x17, "270101120000z"],
  ["31 February", 0x17, "270231120000Z"],
  ["29 February of no leap year", 0x17, "270229120000Z"],
  ["31 April", 0x17, "270431120000Z"],
  ["month 0", 0x17, "270001120000Z"],
  ["month 13", 0x17, "271301120000Z"],
  ["day 0", 0x17, "270100120000Z"],
  ["day 32", 0x17, "270132120000Z"],
  ["hour 24", 0x17, "270101240000Z"],
  ["minute 60", 0x17, "270101126000Z"],
  ["a leap second", 0x17, "261231235960Z"],
  ["a sign", 0x17, "+70101120000Z"],
  ["a blank before it", 0x17, " 270101120000Z"],
  ["a blank after it", 0x17, "270101120000Z "],
  ["a line feed after it", 0x17, "270101120000Z\n"],
  ["letters", 0x17, "2701O1120000Z"],
  ["digits of another script", 0x17, "27010112000\u0660Z"],
  ["a fraction of a second", 0x17, "270101120000.5Z"],
  ["a long date before 2050", 0x18, "20270101120000Z"],
  ["a long date with a fraction", 0x18, "20500101120000.0Z"],
  ["a long date without seconds", 0x18, "205001011200Z"],
  ["a long date tagged as a short one", 0x17, "20270101120000Z"],
  ["a short date tagged as a long one", 0x18, "270101120000Z"],
  ["a date that is a text", 0x0c, "270101120000Z"],
  ["year 0", 0x18, "00000101120000Z"],
];

const validities: readonly Defect[] = [
  ...dates.flatMap(([title, tag, value]): Defect[] =>
    (["notBefore", "notAfter"] as const).map((which, index) => ({
      title: `${which}: ${title}`,
      edit: (body) => childrenOf(body, at.validity)[index] = text(tag, value),
    }))
  ),
  {
    title: "three dates",
    edit: (body) => double(childrenOf(body, at.validity), 1),
  },
  { title: "one date", edit: (body) => childrenOf(body, at.validity).splice(1, 1) },
  { title: "no dates", edit: put(at.validity, 0x30, 0) },
  { title: "dates in a set", edit: (body) => retag(body, at.validity, 0x31) },
  { title: "dates exchanged", edit: (body) => childrenOf(body, at.validity).reverse() },
  { title: "no validity", edit: (body) => childrenOf(body).splice(at.validity, 1) },
];

const key = (body: Node) => leafOf(body, at.key, 1);
const keyWith = (hex: string): Edit => (body) => {
  key(body).content = bytes(0, ...hex.match(/../g)!.map((pair) => parseInt(pair, 16)));
};

const keys: readonly Defect[] = [
  { title: "key: the neutral point", edit: keyWith(`01${"00".repeat(31)}`) },
  { title: "key: the neutral point with a sign", edit: keyWith(`01${"00".repeat(30)}80`) },
  { title: "key: order 2", edit: keyWith(`ec${"ff".repeat(30)}7f`) },
  { title: "key: order 4", edit: keyWith("00".repeat(32)) },
  { title: "key: order 4, the other", edit: keyWith(`${"00".repeat(31)}80`) },
  {
    title: "key: order 8",
    edit: keyWith("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  },
  {
    title: "key: order 8, the other",
    edit: keyWith("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
  },
  { title: "key: not on the curve", edit: keyWith(`02${"00".repeat(31)}`) },
  { title: "key: y is the prime", edit: keyWith(`ed${"ff".repeat(30)}7f`) },
  { title: "key: y is past the prime", edit: keyWith(`f0${"ff".repeat(30)}7f`) },
  { title: "key: 31 bytes", edit: (body) => key(body).content = key(body).content.slice(0, -1) },
  { title: "key: 33 bytes", edit: (body) => key(body).content = bytes(...key(body).content, 0) },
  { title: "key: unused bits", edit: (body) => key(body).content[0] = 1 },
  { title: "key: an octet string", edit: (body) => key(body).tag = 0x04 },
  { title: "key: X25519", edit: (body) => leafOf(body, at.key, 0, 0).content[2] = 0x6e },
  { title: "key: Ed448", edit: (body) => leafOf(body, at.key, 0, 0).content[2] = 0x71 },
  { title: "key: parameters", edit: (body) => childrenOf(body, at.key, 0).push(raw(5, 0)) },
  { title: "key: a third member", edit: (body) => childrenOf(body, at.key).push(raw(5, 0)) },
  { title: "key: none", edit: (body) => childrenOf(body).splice(at.key, 1) },
];

const frames: readonly Defect[] = [
  {
    title: "a unique identifier of the issuer",
    edit: (body) => childrenOf(body).splice(at.extensions, 0, raw(0x81, 2, 0, 1)),
  },
  {
    title: "a unique identifier of the subject",
    edit: (body) => childrenOf(body).splice(at.extensions, 0, raw(0x82, 2, 0, 1)),
  },
  { title: "something after the extensions", edit: (body) => childrenOf(body).push(raw(5, 0)) },
  { title: "no extensions", edit: (body) => childrenOf(body).splice(at.extensions, 1) },
  { title: "an empty list of extensions", edit: put(at.extensions, 0xa3, 2, 0x30, 0) },
  {
    title: "two lists of extensions",
    edit: (body) => double(childrenOf(body, at.extensions), 0),
  },
  {
    title: "extensions under another tag",
    edit: (body) => retag(body, at.extensions, 0xa2),
  },
  {
    title: "extensions in a set",
    edit: (body) =>
      childrenOf(body, at.extensions)[0] = { tag: 0x31, children: [...extensionsOf(body)] },
  },
  { title: "extensions in reverse", edit: (body) => extensionsOf(body).reverse() },
  { title: "two extensions exchanged", edit: (body) => exchange(extensionsOf(body), 0, 1) },
  { title: "something after the signature", finish: (whole) => childrenOf(whole).push(raw(5, 0)) },
  { title: "no signature", finish: (whole) => childrenOf(whole).splice(2, 1) },
  { title: "a signature of 63 bytes", finish: (whole) => cutSignature(whole, 64) },
  { title: "an empty signature", finish: (whole) => cutSignature(whole, 0) },
  { title: "a signature with unused bits", finish: (whole) => leafOf(whole, 2).content[0] = 1 },
  { title: "a signature in an octet string", finish: (whole) => leafOf(whole, 2).tag = 0x04 },
  { title: "a signature with a bit changed", finish: (whole) => leafOf(whole, 2).content[9]! ^= 1 },
  { title: "a signature of zeros", finish: (whole) => leafOf(whole, 2).content.fill(0) },
  { title: "the second encoding of its signature", finish: addOrder },
  { title: "a set around it", finish: (whole) => (whole as { tag: number }).tag = 0x31 },
];

function exchange(list: Node[], one: number, other: number): void {
  [list[one], list[other]] = [list[other]!, list[one]!];
}

function cutSignature(whole: Node, length: number): void {
  leafOf(whole, 2).content = leafOf(whole, 2).content.slice(0, length);
}

/** S plus the group order denotes the same number. */
function addOrder(whole: Node): void {
  const { content } = leafOf(whole, 2);
  let carry = 0n;
  for (let i = 0; i < 32; i++) {
    const sum = BigInt(content[33 + i]!) + ((groupOrder >> BigInt(8 * i)) & 0xffn) + carry;
    content[33 + i] = Number(sum & 0xffn);
    carry = sum >> 8n;
  }
}

/** Defects that any extension can have. */
const everyExtension: readonly Defect[] = Object.keys(leafPlaces).flatMap((name): Defect[] => {
  const kinds = name in rootPlaces ? ["root", ...leaves] as const : leaves;
  const members = (body: Node, kind: CertificateKind) => childrenOf(extensionOf(body, name, kind));
  const place = (kind: CertificateKind) => (kind === "root" ? rootPlaces : leafPlaces)[name]!;
  const rows: { title: string; edit: Edit }[] = [
    { title: "missing", edit: (body, kind) => extensionsOf(body).splice(place(kind), 1) },
    { title: "twice", edit: (body, kind) => double(extensionsOf(body), place(kind)) },
    {
      title: "another criticality",
      edit(body, kind) {
        const list = members(body, kind);
        if (list.length === 3) list.splice(1, 1);
        else list.splice(1, 0, raw(1, 1, 0xff));
      },
    },
    {
      title: "criticality in another spelling",
      edit(body, kind) {
        const list = members(body, kind);
        list.splice(1, list.length - 2, raw(1, 1, list.length === 3 ? 1 : 0));
      },
    },
    { title: "a fourth member", edit: (body, kind) => members(body, kind).push(raw(5, 0)) },
    { title: "members in another order", edit: (body, kind) => members(body, kind).reverse() },
    { title: "no value", edit: (body, kind) => members(body, kind).splice(-1, 1) },
    { title: "an empty value", edit: withValue(name) },
    { title: "a value that is null", edit: withValue(name, 5, 0) },
    {
      title: "something after its value",
      edit: (body, kind) => childrenOf(extensionOf(body, name, kind), -1).push(raw(5, 0)),
    },
    {
      title: "its value in a bit string",
      edit(body, kind) {
        const list = members(body, kind);
        list[list.length - 1] = { tag: 0x03, content: bytes(0, 0x30, 0) };
      },
    },
    {
      title: "a padded object identifier",
      edit(body, kind) {
        const id = members(body, kind)[0] as { content: Der };
        id.content = bytes(0x55, 0x80, ...id.content.slice(1));
      },
    },
    {
      title: "an empty object identifier",
      edit: (body, kind) => members(body, kind)[0] = raw(6, 0),
    },
    {
      title: "another object identifier",
      edit: (body, kind) => members(body, kind)[0] = raw(6, 3, 0x2a, 3, 4),
    },
  ];
  return rows.map(({ title, edit }) => ({ title: `${name}: ${title}`, kinds, edit }));
});

/** Values of extensions with another meaning. */
const values: readonly Defect[] = [
  {
    title: "basicConstraints: the CA flag",
    kinds: leaves,
    edit: withValue("basicConstraints", 0x30, 3, 1, 1, 0xff),
  },
  {
    title: "basicConstraints: an explicit FALSE",
    kinds: leaves,
    edit: withValue("basicConstraints", 0x30, 3, 1, 1, 0),
  },
  {
    title: "basicConstraints: a path length",
    kinds: leaves,
    edit: withValue("basicConstraints", 0x30, 3, 2, 1, 0),
  },
  {
    title: "basicConstraints: no CA flag",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 3, 2, 1, 0),
  },
  {
    title: "basicConstraints: a flag that is 1",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 6, 1, 1, 1, 2, 1, 0),
  },
  {
    title: "basicConstraints: no path length",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 3, 1, 1, 0xff),
  },
  {
    title: "basicConstraints: path length 1",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 6, 1, 1, 0xff, 2, 1, 1),
  },
  {
    title: "basicConstraints: a negative path length",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 6, 1, 1, 0xff, 2, 1, 0xff),
  },
  {
    title: "basicConstraints: a padded path length",
    kinds: ["root"],
    edit: withValue("basicConstraints", 0x30, 7, 1, 1, 0xff, 2, 2, 0, 0),
  },
  { title: "keyUsage: none", edit: withValue("keyUsage", 3, 1, 0) },
  { title: "keyUsage: everything", edit: withValue("keyUsage", 3, 2, 0, 0xff) },
  { title: "keyUsage: keyAgreement", edit: withValue("keyUsage", 3, 2, 3, 0x08) },
  {
    title: "keyUsage: digitalSignature and keyCertSign",
    edit: withValue("keyUsage", 3, 2, 2, 0x84),
  },
  {
    title: "keyUsage: one unused bit too few",
    kinds: leaves,
    edit: withValue("keyUsage", 3, 2, 6, 0x80),
  },
  {
    title: "keyUsage: a byte more than it needs",
    kinds: leaves,
    edit: withValue("keyUsage", 3, 3, 7, 0x80, 0),
  },
  {
    title: "keyUsage: digitalSignature",
    kinds: ["root"],
    edit: withValue("keyUsage", 3, 2, 7, 0x80),
  },
  {
    title: "keyUsage: keyCertSign alone",
    kinds: ["root"],
    edit: withValue("keyUsage", 3, 2, 2, 4),
  },
  {
    title: "extendedKeyUsage: the other role's",
    kinds: leaves,
    edit(body, kind) {
      const purpose = leafOf(extensionOf(body, "extendedKeyUsage", kind), -1, 0, 0);
      purpose.content[7]! ^= 3;
    },
  },
  {
    title: "extendedKeyUsage: both",
    kinds: leaves,
    edit: (body, kind) =>
      valueOf(body, "extendedKeyUsage", kind).push(
        raw(6, 8, 0x2b, 6, 1, 5, 5, 7, 3, kind === "server" ? 2 : 1),
      ),
  },
  {
    title: "extendedKeyUsage: its own twice",
    kinds: leaves,
    edit: (body, kind) => double(valueOf(body, "extendedKeyUsage", kind), 0),
  },
  {
    title: "extendedKeyUsage: any",
    kinds: leaves,
    edit: withValue("extendedKeyUsage", 0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0),
  },
  { title: "extendedKeyUsage: none", kinds: leaves, edit: withValue("extendedKeyUsage", 0x30, 0) },
  {
    title: "extendedKeyUsage: code signing",
    kinds: leaves,
    edit: withValue("extendedKeyUsage", 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3),
  },
  { title: "alternativeNames: none", kinds: leaves, edit: withValue("alternativeNames", 0x30, 0) },
  ...names(),
  {
    title: "alternativeNames: names tagged [0] together",
    kinds: leaves,
    edit(body, kind) {
      const list = valueOf(body, "alternativeNames", kind);
      childrenOf(extensionOf(body, "alternativeNames", kind), -1)[0] = {
        tag: 0xa0,
        children: list,
      };
    },
  },
  {
    title: "subjectKeyIdentifier: another key's",
    edit: (body, kind) =>
      leafOf(extensionOf(body, "subjectKeyIdentifier", kind), -1, 0).content[0]! ^= 1,
  },
  {
    title: "subjectKeyIdentifier: 19 bytes",
    edit(body, kind) {
      const value = leafOf(extensionOf(body, "subjectKeyIdentifier", kind), -1, 0);
      value.content = value.content.slice(1);
    },
  },
  {
    title: "authorityKeyIdentifier: another key's",
    kinds: leaves,
    edit: (body, kind) =>
      leafOf(extensionOf(body, "authorityKeyIdentifier", kind), -1, 0, 0).content[0]! ^= 1,
  },
  {
    title: "authorityKeyIdentifier: none in it",
    kinds: leaves,
    edit: withValue("authorityKeyIdentifier", 0x30, 0),
  },
  {
    title: "authorityKeyIdentifier: a serial number besides",
    kinds: leaves,
    edit: (body, kind) => valueOf(body, "authorityKeyIdentifier", kind).push(raw(0x82, 1, 1)),
  },
];

/** Foreign alternative names, added to the good ones or in place of the URI. */
function names(): Defect[] {
  const added: [string, Node][] = [
    ["a second party", text(0x86, "micropay:account:bob")],
    ["another URI", text(0x86, "http://a/")],
    ["an e-mail address", text(0x81, "a@b")],
    ["another name (otherName)", raw(0xa0, 9, 6, 3, 0x2a, 3, 4, 0xa0, 2, 5, 0)],
    ["a directory name", raw(0xa4, 2, 0x30, 0)],
    ["a registered identifier", raw(0x88, 3, 0x2a, 3, 4)],
    ["an address of 0 bytes", raw(0x87, 0)],
    ["an address of 5 bytes", raw(0x87, 5, 1, 2, 3, 4, 5)],
    ["an address with a mask", raw(0x87, 8, 192, 0, 2, 0, 255, 255, 255, 0)],
    ["a DNS name with a control character", text(0x82, "a\nb")],
    ["a DNS name with a NUL", text(0x82, "localhost\0.example.org")],
    ["an empty DNS name", text(0x82, "")],
    ["a DNS name in capitals", text(0x82, "Pay.example.org")],
    ["a wildcard", text(0x82, "*.example.org")],
    ["an address as a DNS name", text(0x82, "192.0.2.1")],
    ["a DNS name with a final dot", text(0x82, "example.org.")],
    ["a DNS name that is not ASCII", text(0x82, "b\u00fccher.example")],
  ];
  const uris: [string, string][] = [
    ["no party", "http://alice/"],
    ["an empty URI", ""],
    ["a party in capitals", "micropay:account:Alice"],
    ["another scheme's spelling", "MICROPAY:account:alice"],
    ["an account without a name", "micropay:account:"],
    ["an applicant", `micropay:applicant:${"0".repeat(64)}`],
    ["a URI with a control character", "micropay:account:alice\n"],
  ];
  const replaceUri = (value: string): Edit => (body, kind) => {
    valueOf(body, "alternativeNames", kind)[0] = text(0x86, value);
  };
  return [
    ...added.map(([title, name]): Defect => ({
      title: `alternativeNames: ${title}`,
      kinds: leaves,
      edit: (body, kind) => valueOf(body, "alternativeNames", kind).push(name),
    })),
    ...uris.map(([title, value]): Defect => ({
      title: `alternativeNames: ${title}`,
      kinds: leaves,
      edit: replaceUri(value),
    })),
    {
      title: "alternativeNames: a host",
      kinds: ["member"],
      edit: (body, kind) => valueOf(body, "alternativeNames", kind).push(text(0x82, "localhost")),
    },
    {
      title: "alternativeNames: another account than the common name",
      kinds: ["member"],
      edit: replaceUri("micropay:account:bob"),
    },
    {
      title: "alternativeNames: the server",
      kinds: ["member"],
      edit: replaceUri("micropay:server"),
    },
    {
      title: "alternativeNames: a member",
      kinds: ["server"],
      edit: replaceUri("micropay:account:a"),
    },
    {
      title: "alternativeNames: a host twice",
      kinds: ["server"],
      edit: (body, kind) => double(valueOf(body, "alternativeNames", kind), 1),
    },
    {
      title: "alternativeNames: the party after the hosts",
      kinds: ["server"],
      edit: (body, kind) => valueOf(body, "alternativeNames", kind).reverse(),
    },
  ];
}

/** Extensions that our certificates never have, critical or not. */
const unknown: readonly Defect[] = ([
  ["nameConstraints", [0x55, 0x1d, 30], [0x30, 0]],
  ["policyConstraints", [0x55, 0x1d, 36], [0x30, 3, 0x80, 1, 0]],
  ["certificatePolicies", [0x55, 0x1d, 32], [0x30, 6, 0x30, 4, 6, 2, 0x2a, 3]],
  ["inhibitAnyPolicy", [0x55, 0x1d, 54], [2, 1, 0]],
  ["issuerAltName", [0x55, 0x1d, 18], [0x30, 3, 0x86, 1, 0x61]],
  ["an unknown extension", [0x2a, 3, 4], [5, 0]],
] as [string, number[], number[]][]).flatMap(([title, id, value]) =>
  [true, false].map((critical): Defect => ({
    title: `${title}, ${critical ? "" : "not "}critical`,
    edit: (body) => extensionsOf(body).push(extension(id, { critical, value })),
  }))
);

export const defects: readonly Defect[] = [
  ...versions,
  ...serials,
  ...algorithms,
  ...nameDefects("issuer"),
  ...nameDefects("subject"),
  ...validities,
  ...keys,
  ...frames,
  ...everyExtension,
  ...values,
  ...unknown,
];

/** Returns a certificate with at most one defect, signed by `signingKey`. */
export function withDefect(
  tree: Node,
  { edit, finish }: Pick<Defect, "edit" | "finish">,
  { kind, signingKey }: { kind: CertificateKind; signingKey: SigningKey },
): Der {
  const body = childrenOf(tree)[0]!;
  edit?.(body, kind);
  leafOf(tree, 2).content = bytes(0, ...signingKey.sign(writeTree(body)));
  finish?.(tree);
  return writeTree(tree);
}
