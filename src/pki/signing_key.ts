/**
 * Ed25519 keys (RFC 8032), encoded as PKCS#8 and SubjectPublicKeyInfo (RFC 8410). Every identity
 * has one.
 *
 * `node:crypto` signs and verifies in place. WebCrypto takes nearly twice as long, because each
 * call goes to another thread and back.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { Buffer } from "node:buffer";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { BoundedMap } from "../bounded_map.ts";
import { CertificateError } from "../errors.ts";
import { isPrimeOrderPoint } from "./ed25519_point.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { type Bytes, equalBytes } from "./x509/der.ts";
import { ed25519KeyBytes, readPublicKeyInfo } from "./x509/public_key_info.ts";

/** PKCS#8 has one encoding for an Ed25519 key, so its first bytes identify it. */
const privateKeyPrefix = decodeHex("302e020100300506032b657004220420");

/**
 * Most checked public keys in memory, about 1 KiB each: more than the members of a group. Past it:
 * the least recently used key is checked again.
 */
export const publicKeysRememberedMax = 2000;

/**
 * Accepted public keys by their point in hex. The same few keys come with each connection, and
 * checking one takes longer than verifying a signature.
 */
const keysRead = new BoundedMap<string, PublicKey>(publicKeysRememberedMax);

/** A public key: a curve point of prime order. */
export class PublicKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly info: Bytes;
  /** SHA-256 of {@link info}, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly #key: KeyObject;

  private constructor(info: Bytes) {
    this.info = info;
    this.fingerprint = sha256Hex(info);
    this.#key = createPublicKey({ key: Buffer.from(info), format: "der", type: "spki" });
  }

  /**
   * Reads a public key. Verified: the algorithm is Ed25519 without parameters, and the key is the
   * canonical encoding of a point of prime order. Not verified: that somebody holds the private
   * half.
   *
   * @param publicKeyInfo SubjectPublicKeyInfo in DER
   * @throws {CertificateError} when one of these checks fails
   */
  static read(publicKeyInfo: Bytes): PublicKey {
    const point = readPublicKeyInfo(publicKeyInfo);
    const shown = encodeHex(point);
    const remembered = keysRead.get(shown);
    if (remembered !== undefined) return remembered;
    if (!isPrimeOrderPoint(point)) {
      throw new CertificateError(`read a public key: ${shown} is not a point of prime order`);
    }
    try {
      const key = new PublicKey(publicKeyInfo.slice());
      keysRead.set(shown, key);
      return key;
    } catch (cause) {
      throw new CertificateError("read a public key: it cannot be used", { cause });
    }
  }

  /** Reads a public key that {@link read} accepted before, or an own one. Nothing is verified. */
  static reread(publicKeyInfo: Bytes): PublicKey {
    return new PublicKey(publicKeyInfo.slice());
  }

  /**
   * Returns whether this key's private half signed the bytes.
   *
   * @param signature 64 bytes
   */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, bytes, this.#key, signature);
  }
}

/**
 * A private key with its public key. It signs. No method returns the private half, so that no
 * mistake elsewhere can print it.
 */
export class SigningKey {
  readonly publicKey: PublicKey;
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    const info = createPublicKey(key).export({ format: "der", type: "spki" });
    // A multiple of the base point, so its order is prime.
    this.publicKey = PublicKey.reread(Uint8Array.from(info));
    this.#key = key;
  }

  /**
   * Makes a key pair.
   *
   * @returns the key, and its private half as PKCS#8 in PEM. The caller must store that text now:
   * it cannot be read later.
   */
  static generate(): { signingKey: SigningKey; pem: string } {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
    return { signingKey: new SigningKey(privateKey), pem: derToPem(pkcs8, "PRIVATE KEY") };
  }

  /**
   * Reads an unencrypted PKCS#8 private key, as `openssl pkey` writes it. The public half is
   * derived from the private one.
   *
   * @throws {CertificateError} when the text is not exactly one Ed25519 private key in PEM
   */
  static read(pem: string): SigningKey {
    const der = pemToDer(pem, "PRIVATE KEY");
    const isEd25519 = der.length === privateKeyPrefix.length + ed25519KeyBytes &&
      equalBytes(der.subarray(0, privateKeyPrefix.length), privateKeyPrefix);
    if (!isEd25519) {
      throw new CertificateError("read a private key: it is not an Ed25519 key in PKCS#8");
    }
    try {
      const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
      return new SigningKey(key);
    } catch (cause) {
      throw new CertificateError("read a private key: it cannot be used", { cause });
    }
  }

  /** Returns the signature over the bytes: 64 bytes, the same ones for the same input. */
  sign(bytes: Uint8Array): Bytes {
    return new Uint8Array(sign(null, bytes, this.#key));
  }
}

/** Returns the SHA-256 of bytes, or of a text in UTF-8, as 64 lower-case hex digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
