/**
 * Keys from passphrases with one round of PBKDF2, for tests that open many and are not about the
 * rounds. The files still name the product's rounds, so only such a test can read them.
 */

/** Derives with one round until it is disposed of. */
export function deriveQuickly(): Disposable {
  const { subtle } = crypto;
  const { deriveBits } = subtle;
  subtle.deriveBits = (algorithm, ...rest) => {
    if (typeof algorithm !== "object" || !("iterations" in algorithm)) {
      throw new TypeError("derive a key: PBKDF2 is expected");
    }
    return deriveBits.call(subtle, { ...algorithm, iterations: 1 } as Pbkdf2Params, ...rest);
  };
  return { [Symbol.dispose]: () => subtle.deriveBits = deriveBits };
}
