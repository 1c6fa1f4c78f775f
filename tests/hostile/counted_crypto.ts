/**
 * Counts what is really done with keys while the count is held: RSA decryptions by WebCrypto, and
 * signatures.
 */
import { SigningKey } from "../../src/pki/signing_key.ts";

export class CryptoCount implements Disposable {
  /** How often it was begun. */
  decryptions = 0;
  signatures = 0;
  /** How many decryptions were going on at a time, at most. */
  decryptionsAtOnceMax = 0;
  readonly #restore: () => void;
  #going = 0;

  /** @param key whose decryptions are counted; signatures are counted whatever their key is */
  constructor(key: CryptoKey) {
    const decrypt = crypto.subtle.decrypt.bind(crypto.subtle);
    const sign = SigningKey.prototype.sign;
    const counted = async (...given: Parameters<typeof decrypt>) => {
      if (given[1] !== key) return await decrypt(...given);
      this.decryptions++;
      this.decryptionsAtOnceMax = Math.max(this.decryptionsAtOnceMax, ++this.#going);
      return await decrypt(...given).finally(() => this.#going--);
    };
    // In front of the method that every caller inherits.
    Object.defineProperty(crypto.subtle, "decrypt", { value: counted, configurable: true });
    const noteSignature = () => this.signatures++;
    SigningKey.prototype.sign = function (bytes) {
      noteSignature();
      return sign.call(this, bytes);
    };
    this.#restore = () => {
      Reflect.deleteProperty(crypto.subtle, "decrypt");
      SigningKey.prototype.sign = sign;
    };
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
