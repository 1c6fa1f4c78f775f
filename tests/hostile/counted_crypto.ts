/**
 * Counts what is really done with a key by WebCrypto, underneath every library, while the count is held.
 */
type Operation = "decrypt" | "sign";

export class CryptoCount implements Disposable {
  /** How often it was begun. */
  decryptions = 0;
  signatures = 0;
  /** How many decryptions were going on at a time, at most. */
  decryptionsAtOnceMax = 0;
  readonly #key: CryptoKey;
  readonly #restore: () => void;
  #going = 0;

  /** @param key whose decryptions are counted; signatures are counted whatever their key is */
  constructor(key: CryptoKey) {
    this.#key = key;
    const { subtle } = crypto;
    const [decrypt, sign] = [subtle.decrypt.bind(subtle), subtle.sign.bind(subtle)];
    replace(
      "decrypt",
      (async (...given: Parameters<typeof decrypt>) => {
        if (given[1] !== this.#key) return await decrypt(...given);
        this.decryptions++;
        this.decryptionsAtOnceMax = Math.max(this.decryptionsAtOnceMax, ++this.#going);
        return await decrypt(...given).finally(() => this.#going--);
      }) as typeof decrypt,
    );
    replace(
      "sign",
      (async (...given: Parameters<typeof sign>) => {
        this.signatures++;
        return await sign(...given);
      }) as typeof sign,
    );
    this.#restore = () => {
      for (const operation of ["decrypt", "sign"] as const) {
        Reflect.deleteProperty(subtle, operation);
      }
    };
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}

/** In front of the method that every caller inherits. */
function replace<Name extends Operation>(name: Name, value: SubtleCrypto[Name]): void {
  Object.defineProperty(crypto.subtle, name, { value, configurable: true, writable: true });
}
