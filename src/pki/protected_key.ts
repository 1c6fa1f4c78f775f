/**
 * A private key that a passphrase protects: PKCS#8 with PBES2 (RFC 8018 section 6.2), in PEM, as
 * `openssl pkey` reads and writes it.
 *
 * Our own keys are derived by PBKDF2. OpenSSL refuses scrypt with more than 32 MiB of memory, which
 * would be weaker. `node:crypto` is not used where WebCrypto does the same: its export makes 2,048
 * rounds, and in Deno 2.4 it leaves out the encryption without a word, and loses a block of
 * AES-CBC.
 */
import { Buffer } from "node:buffer";
import { scrypt } from "node:crypto";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { CertificateError, PassphraseError } from "../errors.ts";
import {
  derivationMemoryBytesMax,
  derivationRounds,
  derivationRoundsMax,
  passphraseBytesMax,
  passphraseCharactersMin,
} from "../limits.ts";
import type { Random } from "../random.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { type Bytes, type DerElement, derTag, elementAt, encodeDer, readDer } from "./x509/der.ts";

const oids = {
  pbes2: "06092a864886f70d01050d",
  pbkdf2: "06092a864886f70d01050c",
  scrypt: "06092b06010401da47040b",
} as const;

/** The hash functions of PBKDF2 by their OID. */
const hashes: Readonly<Record<string, string>> = {
  "06082a864886f70d0207": "SHA-1",
  "06082a864886f70d0209": "SHA-256",
  "06082a864886f70d020a": "SHA-384",
  "06082a864886f70d020b": "SHA-512",
};

/** AES-CBC by its OID: the bytes of its key. */
const keyBytesOf: Readonly<Record<string, number>> = {
  "060960864801650304012a": 32,
  "0609608648016503040116": 24,
  "0609608648016503040102": 16,
};

const ours = { hash: "06082a864886f70d0209", cipher: "060960864801650304012a" } as const;

const derNull = Uint8Array.of(5, 0);
const [saltBytes, ivBytes] = [16, 16];

/** Turns a passphrase into a key of so many bytes. */
type Derive = (passphrase: Uint8Array, bytes: number) => Promise<Uint8Array>;

type Direction = "encrypt" | "decrypt";

/** The rule of a passphrase that is chosen, for a person. */
export const passphraseRule =
  `a passphrase has at least ${passphraseCharactersMin} characters, on one line of at most ` +
  `${passphraseBytesMax} bytes`;

/** Returns whether a new passphrase follows {@link passphraseRule}. */
export function isPassphrase(text: string): boolean {
  return [...text].length >= passphraseCharactersMin && !/\p{Cc}/u.test(text) &&
    Buffer.byteLength(text) <= passphraseBytesMax;
}

/** Returns whether a PEM text says that it is a protected private key. */
export function isProtectedKey(pem: string): boolean {
  return pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

/**
 * Protects a private key.
 *
 * @param pem an unprotected key: PKCS#8 in PEM
 * @returns the protected key in PEM
 * @throws {CertificateError} when the text is not one private key in PEM
 */
export async function protectKey(
  pem: string,
  { passphrase, random }: { readonly passphrase: string; readonly random: Random },
): Promise<string> {
  const [salt, iv] = [random.bytes(saltBytes), random.bytes(ivBytes)];
  const derive = pbkdf2(salt, { rounds: derivationRounds, hash: hashes[ours.hash]! });
  const keyBytes = keyBytesOf[ours.cipher]!;
  const cipher = await cipherOf("encrypt", passphrase, { derive, keyBytes, iv });
  const ciphertext = await cipher(pemToDer(pem, "PRIVATE KEY"));
  const { integer, octetString, sequence } = derTag;
  const rounds = Uint8Array.of(derivationRounds >> 16, derivationRounds >> 8, derivationRounds);
  const prf = encodeDer(sequence, decodeHex(ours.hash), derNull);
  const parameters = encodeDer(
    sequence,
    encodeDer(octetString, salt),
    encodeDer(integer, rounds),
    prf,
  );
  const derivation = encodeDer(sequence, decodeHex(oids.pbkdf2), parameters);
  const encryption = encodeDer(
    sequence,
    decodeHex(ours.cipher),
    encodeDer(octetString, iv),
  );
  const scheme = encodeDer(sequence, derivation, encryption);
  const algorithm = encodeDer(sequence, decodeHex(oids.pbes2), scheme);
  const der = encodeDer(sequence, algorithm, encodeDer(octetString, ciphertext));
  return derToPem(der, "ENCRYPTED PRIVATE KEY");
}

/**
 * Opens a protected private key. Verified: its form, its limits, and that the passphrase opens it.
 * Not verified: the kind of the key.
 *
 * @returns the unprotected key in PEM
 * @throws {PassphraseError} when the passphrase is wrong
 * @throws {CertificateError} when it is not a protected key, or protected in a way that is not
 * supported
 */
export async function unprotectKey(pem: string, passphrase: string): Promise<string> {
  const { ciphertext, ...key } = readProtected(readDer(pemToDer(pem, "ENCRYPTED PRIVATE KEY")));
  const cipher = await cipherOf("decrypt", passphrase, key);
  try {
    const der = await cipher(ciphertext);
    // A wrong passphrase gives a valid padding once in 256 times, and then no DER.
    elementAt(readDer(der), 2);
    return derToPem(der, "PRIVATE KEY");
  } catch (cause) {
    throw new PassphraseError("the passphrase is wrong", { cause });
  }
}

interface Protection {
  readonly derive: Derive;
  readonly keyBytes: number;
  readonly iv: Bytes;
}

interface ProtectedKey extends Protection {
  readonly ciphertext: Bytes;
}

async function cipherOf(
  direction: Direction,
  passphrase: string,
  { derive, keyBytes, iv }: Protection,
): Promise<(data: Bytes) => Promise<Bytes>> {
  const bytes = await derive(Buffer.from(passphrase), keyBytes);
  const key = await crypto.subtle.importKey("raw", bytes.slice(), "AES-CBC", false, [direction]);
  return async (data) =>
    new Uint8Array(await crypto.subtle[direction]({ name: "AES-CBC", iv }, key, data));
}

function readProtected(whole: DerElement): ProtectedKey {
  requireOid(elementAt(whole, 0, 0), oids.pbes2, "encryption");
  const scheme = elementAt(whole, 0, 1);
  const keyBytes = keyBytesOf[encodeHex(elementAt(scheme, 1, 0).bytes)];
  if (keyBytes === undefined) throw unsupported("its cipher is not AES-CBC");
  const iv = contentOf(elementAt(scheme, 1, 1), derTag.octetString);
  const ciphertext = contentOf(elementAt(whole, 1), derTag.octetString);
  if (iv.length !== ivBytes || ciphertext.length === 0 || ciphertext.length % 16 !== 0) {
    throw unsupported("its parts do not have the sizes of AES-CBC");
  }
  return { derive: readDerivation(elementAt(scheme, 0)), keyBytes, iv, ciphertext };
}

function readDerivation(derivation: DerElement): Derive {
  const parameters = elementAt(derivation, 1);
  const salt = contentOf(elementAt(parameters, 0), derTag.octetString);
  if (encodeHex(elementAt(derivation, 0).bytes) === oids.scrypt) {
    const [N, r, p] = [1, 2, 3].map((at) => numberIn(elementAt(parameters, at)));
    return scryptOf(salt, { N: N!, r: r!, p: p! });
  }
  requireOid(elementAt(derivation, 0), oids.pbkdf2, "derivation");
  const rounds = numberIn(elementAt(parameters, 1));
  if (rounds < 1 || rounds > derivationRoundsMax) {
    throw unsupported(`${rounds} rounds are not from 1 to ${derivationRoundsMax}`);
  }
  // The length of the key may come first. Without a function it is HMAC-SHA1.
  const prf = parameters.children.slice(2).find(({ tag }) => tag === derTag.sequence);
  const hash = prf ? hashes[encodeHex(elementAt(prf, 0).bytes)] : "SHA-1";
  if (hash === undefined) throw unsupported("its hash function is not known");
  return pbkdf2(salt, { rounds, hash });
}

function pbkdf2(
  salt: Bytes,
  { rounds, hash }: { readonly rounds: number; readonly hash: string },
): Derive {
  return async (passphrase, bytes) => {
    const key = await crypto.subtle.importKey("raw", passphrase.slice(), "PBKDF2", false, [
      "deriveBits",
    ]);
    const parameters = { name: "PBKDF2", salt, iterations: rounds, hash };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, bytes * 8));
  };
}

function scryptOf(
  salt: Bytes,
  { N, r, p }: { readonly N: number; readonly r: number; readonly p: number },
): Derive {
  const isPower = N > 1 && Number.isInteger(Math.log2(N));
  if (!isPower || r < 1 || p < 1 || 128 * N * r * p > derivationMemoryBytesMax) {
    throw unsupported(`scrypt with N=${N}, r=${r}, p=${p} needs too much memory or time`);
  }
  // RFC 7914 section 2. Node refuses it as well, with an error of its own.
  if (Math.log2(N) >= 16 * r) throw unsupported(`scrypt has no N=${N} with r=${r}`);
  const options = { N, r, p, maxmem: 2 * derivationMemoryBytesMax };
  return (passphrase, bytes) =>
    new Promise((resolve, reject) =>
      scrypt(passphrase, salt, bytes, options, (error, key) => error ? reject(error) : resolve(key))
    );
}

function requireOid(element: DerElement, oid: string, what: string): void {
  if (encodeHex(element.bytes) !== oid) throw unsupported(`its ${what} is not of PBES2`);
}

function contentOf({ tag, content }: DerElement, expected: number): Bytes {
  if (tag !== expected) throw unsupported("a part of it has another type");
  return content;
}

/** Returns a whole number below 2^31; a larger one breaks every limit. */
function numberIn(element: DerElement): number {
  const content = contentOf(element, derTag.integer);
  if (content.length > 4 || content.length === 0 || content[0]! > 0x7f) {
    throw unsupported("a number of it is too large");
  }
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}

function unsupported(why: string): CertificateError {
  return new CertificateError(
    `read a protected key: ${why}; openssl pkcs8 -topk8 -v2 aes-256-cbc protects it in a known way`,
  );
}
