/**
 * WebCrypto without threads. The runtime works on several operations at a time, and the one that
 * ends first goes on first: no two runs are the same. Here each operation is done at once, in the
 * order in which they are asked for.
 *
 * RSA is not the real one: it takes longer than everything else in a history together. What is
 * encrypted is remembered under random bytes of the right length, and only the key it is for opens
 * it. All other tests show that the real one does what is expected of it. Signatures and AES are
 * done in place by `node:crypto`, and stay as they are.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

type Bytes = ArrayBuffer | ArrayBufferView;

interface RememberedText {
  readonly modulus: string;
  readonly text: Buffer;
}

/** Ciphertexts that may still be opened. Beyond this number the oldest are forgotten. */
const rememberedMax = 20_000;

export class ImmediateCrypto implements Disposable {
  readonly #subtle = crypto.subtle;
  readonly #original = Object.getPrototypeOf(crypto.subtle) as SubtleCrypto;
  /** The modulus of each key, which stands for it here. */
  readonly #moduli = new WeakMap<CryptoKey, string>();
  readonly #remembered = new Map<string, RememberedText>();
  readonly #replaced: readonly string[];

  /** The process uses it until it is disposed of. Keys that were imported before do not work. */
  constructor() {
    const replacements = {
      digest: (_: string, data: Bytes) => digest(data),
      importKey: (...args: unknown[]) => this.#import(args),
      encrypt: (_: string, key: CryptoKey, data: Bytes) => this.#conceal(key, bytesOf(data)),
      decrypt: (_: string, key: CryptoKey, data: Bytes) => this.#reveal(key, bytesOf(data)),
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

  async #import(args: unknown[]): Promise<CryptoKey> {
    const importKey = this.#original.importKey as (...args: unknown[]) => Promise<CryptoKey>;
    const key = await importKey.apply(this.#subtle, args);
    this.#moduli.set(key, (args[1] as JsonWebKey).n!);
    return key;
  }

  #modulus(key: CryptoKey): string {
    const modulus = this.#moduli.get(key);
    if (modulus === undefined) throw new TypeError("use a key: it is of another time");
    return modulus;
  }

  #conceal(key: CryptoKey, text: Buffer): ArrayBuffer {
    const modulus = this.#modulus(key);
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

  #reveal(key: CryptoKey, sealed: Buffer): ArrayBuffer {
    const remembered = this.#remembered.get(sealed.toString("latin1"));
    if (remembered?.modulus !== this.#modulus(key)) {
      throw new DOMException("nothing was sealed to this key", "OperationError");
    }
    return plain(remembered.text);
  }
}

/** SHA-256, the only digest that is asked for. */
function digest(data: Bytes): ArrayBuffer {
  return plain(createHash("sha256").update(bytesOf(data)).digest());
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
