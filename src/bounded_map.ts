/**
 * A map of bounded size. Past its capacity it drops the least recently used entry.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #capacity: number;
  /** A Map keeps the order of insertion, so its first key is the least recently used. */
  readonly #entries = new Map<Key, Value>();

  /** @param capacity most entries, 1 or more */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Returns the value of a key, which now counts as used, or `undefined`. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Sets the value of a key, which now counts as used. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }
}
