/**
 * A map that forgets: past its capacity the entry goes that was used longest ago.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #capacity: number;
  /** A Map keeps the order of insertion: its first key is the one that was used longest ago. */
  readonly #entries = new Map<Key, Value>();

  /** @param capacity entries, 1 or more */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** @returns the value, which counts as used from now on; `undefined` when there is none */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }
}
