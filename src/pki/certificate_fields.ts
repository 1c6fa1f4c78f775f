/**
 * What a certificate says, taken out of its DER. Nothing here decides whether it may be believed.
 *
 * The X.509 library decodes names, dates and extension values; the frame is read by `der.ts`. A certificate that is
 * not v3, not signed with Ed25519, or carries something we do not understand and must not ignore, ends here.
 */
import { CertificateError, messageOf } from "../errors.ts";
import { certificateBytesMax } from "../limits.ts";
import { printable } from "../printable.ts";
import {
  childrenOf,
  contentOf,
  type DerElement,
  derTag,
  equalBytes,
  readDer,
  requireUniversal,
} from "./der.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralNames,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from "./x509.ts";

/** Longest serial number (RFC 5280 section 4.1.2.2). */
export const serialBytesMax = 20;

export interface CertificateFields {
  readonly der: Uint8Array<ArrayBuffer>;
  readonly signed: SignedPart;
  /** The names as they are encoded: names are compared as bytes, so no folding rule can be played with. */
  readonly issuer: Uint8Array<ArrayBuffer>;
  readonly subject: Uint8Array<ArrayBuffer>;
  readonly commonNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo in DER, not looked into yet. */
  readonly publicKeyInfo: Uint8Array<ArrayBuffer>;
  readonly extensions: ExtensionValues;
}

/** The exact bytes that were signed, and the Ed25519 signature over them, not verified yet. */
export interface SignedPart {
  readonly signedBytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface ExtensionValues {
  readonly basicConstraints?: { critical: boolean; ca: boolean; pathLength: number | undefined };
  /** Bits of `KeyUsageFlags`. */
  readonly keyUsage?: number;
  /** Object identifiers. */
  readonly extendedKeyUsage?: readonly string[];
  readonly alternativeNames?: JsonGeneralNames;
}

/**
 * @throws {CertificateError} when it is over {@link certificateBytesMax}, not DER, not an X.509 v3 certificate, not signed
 * with Ed25519, has a serial that is not positive and at most {@link serialBytesMax} bytes, or extensions as
 * {@link readExtensions} refuses them
 */
export function readCertificateFields(der: Uint8Array<ArrayBuffer>): CertificateFields {
  return catchingAll("read a certificate", () => {
    if (der.length > certificateBytesMax) {
      const limit = `${der.length} bytes, more than ${certificateBytesMax}`;
      throw new CertificateError(`read a certificate: ${limit}`);
    }
    // A copy: whoever handed the bytes in could change them after they were checked.
    const own = der.slice();
    const { body, ...signed } = readSigned(readDer(own));
    const [version, serial, algorithm, issuer, , subject, publicKeyInfo, ...rest] = body;
    if (version === undefined || !equalBytes(version.bytes, version3)) {
      throw new CertificateError("read a certificate: it is not X.509 version 3");
    }
    checkSerial(contentOf(serial, derTag.integer));
    if (!equalBytes(algorithm!.bytes, ed25519Algorithm)) throw notEd25519();
    // Unique identifiers ([1], [2]) would come before the extensions; RFC 5280 forbids making them.
    if (rest.length !== 1) throw new CertificateError("read a certificate: unexpected fields");
    const [extensions, ...more] = childrenOf(rest[0], 0xa3);
    if (more.length !== 0) throw new CertificateError("read a certificate: unexpected fields");
    requireUniversal(subject!);
    const parsed = new X509Certificate(own);
    return {
      der: own,
      signed,
      issuer: issuer!.bytes,
      subject: subject!.bytes,
      commonNames: parsed.subjectName.getField("CN"),
      notBeforeMs: parsed.notBefore.getTime(),
      notAfterMs: parsed.notAfter.getTime(),
      publicKeyInfo: publicKeyInfo!.bytes,
      extensions: readExtensions(extensions),
    };
  });
}

/**
 * Takes a `SEQUENCE { body, algorithm, signature }` apart, the frame of certificates and of requests.
 *
 * @throws {CertificateError} when it is none or its algorithm is not Ed25519 without parameters (RFC 8410 section 3)
 */
export function readSigned(element: DerElement): SignedPart & { body: readonly DerElement[] } {
  const parts = childrenOf(element, derTag.sequence);
  const [body, algorithm, signature] = parts;
  const bits = contentOf(signature, derTag.bitString);
  if (parts.length !== 3) throw new CertificateError("read a signed structure: unexpected fields");
  if (!equalBytes(algorithm!.bytes, ed25519Algorithm)) throw notEd25519();
  // The first content byte counts unused bits; a signature has none.
  if (bits.length !== 65 || bits[0] !== 0) {
    throw new CertificateError("read a signed structure: the signature is not 64 bytes");
  }
  return {
    body: childrenOf(body, derTag.sequence),
    signedBytes: body!.bytes,
    signature: bits.subarray(1),
  };
}

/** Whether the signature is by `publicKey` (which `importPublicKey` has to have accepted). */
export async function isSignedBy(signed: SignedPart, publicKey: CryptoKey): Promise<boolean> {
  return await crypto.subtle.verify("Ed25519", publicKey, signed.signature, signed.signedBytes);
}

/**
 * Decodes the extensions that the profile looks at, and passes over uncritical ones that it does not know.
 *
 * @throws {CertificateError} for an extension that is there twice, a critical one that is not known, and name
 * constraints, critical or not: nothing here enforces them, and ignoring them would widen what their CA allowed
 */
export function readExtensions(sequence: DerElement | undefined): ExtensionValues {
  const seen = new Set<string>();
  let values: ExtensionValues = {};
  for (const { tag, bytes } of childrenOf(sequence, derTag.sequence)) {
    if (tag !== derTag.sequence) {
      throw new CertificateError("read extensions: one is not a sequence");
    }
    const extension = new Extension(bytes);
    const { type, critical } = extension;
    if (seen.has(type)) throw new CertificateError(`read extensions: ${type} is there twice`);
    seen.add(type);
    const value = readDer(new Uint8Array(extension.value));
    const decode = decoders[type];
    if (decode !== undefined) {
      // Here too the library takes another tag for the one that is due.
      childrenOf(value, type === keyUsageId ? derTag.bitString : derTag.sequence);
      requireUniversal(value);
      values = { ...values, ...decode(bytes) };
    } else if (type === nameConstraintsId || (critical && !ignoredIds.has(type))) {
      throw new CertificateError(`read extensions: ${type} is not supported`);
    }
  }
  return values;
}

/**
 * @throws {CertificateError} when `atMs` is not between the dates, both included (RFC 5280 section 4.1.2.5)
 */
export function checkDates(fields: CertificateFields, atMs: number): void {
  const { notBeforeMs, notAfterMs } = fields;
  if (notBeforeMs <= atMs && atMs <= notAfterMs) return;
  // Written so that a date or a time that is not a number at all is refused too.
  const why = atMs > notAfterMs ? "expired on" : "valid only from";
  const date = new Date(atMs > notAfterMs ? notAfterMs : notBeforeMs);
  const text = Number.isNaN(date.getTime()) ? "an unreadable date" : date.toISOString();
  throw new CertificateError(`use a certificate: ${why} ${text}`);
}

/** Runs `action`; whatever it throws comes out as a {@link CertificateError}. The library throws a dozen kinds of errors. */
export function catchingAll<T>(attempt: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    const why = printable(messageOf(error)).slice(0, 200);
    throw new CertificateError(`${attempt}: ${why}`, { cause: error });
  }
}

const version3 = Uint8Array.of(0xa0, 0x03, 0x02, 0x01, 0x02);
/** AlgorithmIdentifier of id-Ed25519 (1.3.101.112), parameters absent. */
const ed25519Algorithm = Uint8Array.of(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70);

const keyUsageId = "2.5.29.15";
const nameConstraintsId = "2.5.29.30";
/** Subject and authority key identifier: hints for finding an issuer, of no weight; a signature decides. */
const ignoredIds = new Set(["2.5.29.14", "2.5.29.35"]);

const decoders: Record<string, (bytes: Uint8Array<ArrayBuffer>) => ExtensionValues> = {
  [keyUsageId]: (bytes) => {
    const extension = new KeyUsagesExtension(bytes);
    checkNamedBits(new Uint8Array(extension.value));
    return { keyUsage: extension.usages };
  },
  "2.5.29.17": (bytes) => ({
    alternativeNames: new SubjectAlternativeNameExtension(bytes).names.toJSON(),
  }),
  "2.5.29.19": (bytes) => {
    const { critical, ca, pathLength } = new BasicConstraintsExtension(bytes);
    return { basicConstraints: { critical, ca, pathLength } };
  },
  "2.5.29.37": (bytes) => ({
    extendedKeyUsage: new ExtendedKeyUsageExtension(bytes).usages.map(String),
  }),
};

/** In DER a list of named bits ends with one that is set (X.690 section 11.2.2), so that it has one spelling. */
function checkNamedBits(bitString: Uint8Array<ArrayBuffer>): void {
  const bits = contentOf(readDer(bitString), derTag.bitString);
  const last = bits.length > 1 ? bits.at(-1)! : 0;
  if (last !== 0 && (last & -last) === 1 << bits[0]!) return;
  throw new CertificateError("read a certificate: its key usage is not spelled in the one way");
}

function checkSerial(serial: Uint8Array): void {
  const isPositive = serial[0]! < 0x80 && serial.some((byte) => byte !== 0);
  if (isPositive && serial.length <= serialBytesMax) return;
  throw new CertificateError(
    `read a certificate: its serial is not a positive number of at most ${serialBytesMax} bytes`,
  );
}

function notEd25519(): CertificateError {
  return new CertificateError("read a signed structure: it is not signed with Ed25519");
}
