/**
 * WebCrypto without threads. The runtime works on several operations at a time, and whichever ends first goes on first: no two runs are the
 * same. Here each is done at once, in the order in which they are asked for.
 *
 * Signatures (Ed25519), content encryption (AES-GCM) and digests are the real ones. RSA is not: it takes longer than everything else in a
 * history together. What is encrypted is remembered under random bytes of the right length, and only the key it is for opens it. That the real
 * one does what is expected of it is for all other tests to show.
 */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

type Bytes = ArrayBuffer | ArrayBufferView;
type Algorithm = string | { readonly name: string };
interface Gcm {
  readonly name: string;
  readonly iv: Bytes;
  readonly additionalData?: Bytes;
}

/** What stands for a key here: of Ed25519 the key, of AES its bytes, of RSA its modulus. */
type Material =
  | { readonly kind: "signing"; readonly key: KeyObject }
  | { readonly kind: "secret"; readonly bytes: Buffer }
  | { readonly kind: "rsa"; readonly modulus: string };

interface RememberedText {
  readonly modulus: string;
  readonly text: Buffer;
}

const tagBytes = 16;
/** Ciphertexts that may still be opened; one of those that were sent longest ago is forgotten. */
const rememberedMax = 20_000;

export class ImmediateCrypto implements Disposable {
  readonly #subtle = crypto.subtle;
  readonly #original = Object.getPrototypeOf(crypto.subtle) as SubtleCrypto;
  readonly #materials = new WeakMap<CryptoKey, Material>();
  readonly #remembered = new Map<string, RememberedText>();
  readonly #replaced: readonly string[];

  /** Everything in this process uses it from now on, until it is disposed of. Keys made before cannot be used. */
  constructor() {
    const replacements = {
      digest: (algorithm: Algorithm, data: Bytes) => digest(algorithm, data),
      generateKey: (...args: Parameters<SubtleCrypto["generateKey"]>) => this.#generate(args),
      importKey: (...args: unknown[]) => this.#import(args),
      exportKey: (format: string, key: CryptoKey) => this.#export(format, key),
      sign: (_: Algorithm, key: CryptoKey, data: Bytes) =>
        plain(sign(null, bytesOf(data), this.#signing(key))),
      verify: (_: Algorithm, key: CryptoKey, signature: Bytes, data: Bytes) =>
        verify(null, bytesOf(data), this.#signing(key), bytesOf(signature)),
      encrypt: (algorithm: Gcm, key: CryptoKey, data: Bytes) => this.#encrypt(algorithm, key, data),
      decrypt: (algorithm: Gcm, key: CryptoKey, data: Bytes) => this.#decrypt(algorithm, key, data),
    };
    this.#replaced = Object.keys(replacements);
    for (const [name, replacement] of Object.entries(replacements)) {
      const action = replacement as (...args: unknown[]) => unknown;
      const value = (...args: unknown[]) => new Promise((resolve) => resolve(action(...args)));
      Object.defineProperty(this.#subtle, name, { value, configurable: true });
    }
  }

  [Symbol.dispose](): void {
    // What was defined hides the methods of the prototype.
    for (const name of this.#replaced) {
      delete (this.#subtle as unknown as Record<string, unknown>)[name];
    }
  }

  async #generate(args: Parameters<SubtleCrypto["generateKey"]>): Promise<unknown> {
    if (args[0] === "Ed25519") return await this.#generateSigning();
    const pair = await this.#original.generateKey.apply(this.#subtle, args) as CryptoKeyPair;
    const { privateKey, publicKey } = pair;
    // In a thread of its own; but these are made before a history begins.
    const exportKey = this.#original.exportKey.bind(this.#subtle);
    const { n } = await exportKey("jwk", publicKey);
    for (const key of [privateKey, publicKey]) {
      this.#materials.set(key, { kind: "rsa", modulus: n! });
    }
    return pair;
  }

  async #generateSigning(): Promise<CryptoKeyPair> {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const [pkcs8, spki] = [exported("pkcs8", privateKey), exported("spki", publicKey)];
    return {
      privateKey: await this.#import(["pkcs8", pkcs8, "Ed25519", true, ["sign"]]),
      publicKey: await this.#import(["spki", spki, "Ed25519", true, ["verify"]]),
    };
  }

  async #import(args: unknown[]): Promise<CryptoKey> {
    const importKey = this.#original.importKey as (...args: unknown[]) => Promise<CryptoKey>;
    const key = await importKey.apply(this.#subtle, args);
    this.#materials.set(key, materialOf(key, args[0] as string, args[1]));
    return key;
  }

  #export(format: string, key: CryptoKey): ArrayBuffer | JsonWebKey {
    const material = this.#materials.get(key);
    if (material?.kind === "rsa") return { n: material.modulus };
    return exported(format, this.#signing(key));
  }

  #signing(key: CryptoKey): KeyObject {
    const material = this.#materials.get(key);
    if (material?.kind !== "signing") throw new TypeError("sign: the key is of another time");
    return material.key;
  }

  #encrypt(algorithm: Gcm, key: CryptoKey, data: Bytes): ArrayBuffer {
    const material = this.#materials.get(key);
    if (material?.kind === "rsa") return this.#conceal(material.modulus, bytesOf(data));
    if (material?.kind !== "secret") throw new TypeError("encrypt: the key is of another time");
    const cipher = createCipheriv("aes-256-gcm", material.bytes, bytesOf(algorithm.iv));
    if (algorithm.additionalData) cipher.setAAD(bytesOf(algorithm.additionalData));
    const text = [cipher.update(bytesOf(data)), cipher.final()];
    return plain(Buffer.concat([...text, cipher.getAuthTag()]));
  }

  #decrypt(algorithm: Gcm, key: CryptoKey, data: Bytes): ArrayBuffer {
    const material = this.#materials.get(key);
    const sealed = bytesOf(data);
    if (material?.kind === "rsa") return this.#reveal(material.modulus, sealed);
    if (material?.kind !== "secret") throw new TypeError("decrypt: the key is of another time");
    const cipher = createDecipheriv("aes-256-gcm", material.bytes, bytesOf(algorithm.iv));
    if (algorithm.additionalData) cipher.setAAD(bytesOf(algorithm.additionalData));
    cipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const text = cipher.update(sealed.subarray(0, sealed.length - tagBytes));
    return plain(Buffer.concat([text, cipher.final()]));
  }

  #conceal(modulus: string, text: Buffer): ArrayBuffer {
    const length = Buffer.from(modulus, "base64url").length;
    const sealed = crypto.getRandomValues(new Uint8Array(length));
    this.#remembered.set(Buffer.from(sealed).toString("latin1"), {
      modulus,
      text: Buffer.from(text),
    });
    if (this.#remembered.size > rememberedMax) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
    return sealed.buffer;
  }

  #reveal(modulus: string, sealed: Buffer): ArrayBuffer {
    const remembered = this.#remembered.get(sealed.toString("latin1"));
    if (remembered?.modulus !== modulus) {
      throw new DOMException("nothing was sealed to this key", "OperationError");
    }
    return plain(remembered.text);
  }
}

function materialOf(key: CryptoKey, format: string, data: unknown): Material {
  const { name } = key.algorithm;
  if (name === "RSA-OAEP") return { kind: "rsa", modulus: (data as JsonWebKey).n! };
  // Of Ed25519 only public keys come as a JWK.
  const bytes = format === "jwk"
    ? Buffer.from((data as JsonWebKey).x!, "base64url")
    : Buffer.from(bytesOf(data as Bytes));
  if (name !== "Ed25519") return { kind: "secret", bytes };
  if (format === "pkcs8") {
    return { kind: "signing", key: createPrivateKey({ key: bytes, format: "der", type: "pkcs8" }) };
  }
  const spki = format === "spki" ? bytes : Buffer.concat([ed25519SpkiPrefix, bytes]);
  return { kind: "signing", key: createPublicKey({ key: spki, format: "der", type: "spki" }) };
}

function exported(format: string, key: KeyObject): ArrayBuffer | JsonWebKey {
  if (format === "jwk") return key.export({ format: "jwk" }) as JsonWebKey;
  const der = { format: "der", type: format as "pkcs8" | "spki" } as const;
  return plain(key.export(der) as Buffer);
}

/** What stands before the 32 bytes of a key in its SubjectPublicKeyInfo (RFC 8410 section 4). */
const ed25519SpkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

function digest(algorithm: Algorithm, data: Bytes): ArrayBuffer {
  const name = typeof algorithm === "string" ? algorithm : algorithm.name;
  return plain(createHash(name.toLowerCase().replace("-", "")).update(bytesOf(data)).digest());
}

function bytesOf(data: Bytes): Buffer {
  return data instanceof ArrayBuffer
    ? Buffer.from(data)
    : Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** As WebCrypto returns it. */
function plain(bytes: Buffer): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
