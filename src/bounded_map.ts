/** A map of bounded size. Past its capacity it drops the least recently used entry. */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #capacity: number;
  readonly #onDropped: (value: Value) => void;
  /** A Map keeps the order of insertion, so its first key is the least recently used. */
  readonly #entries = new Map<Key, Value>();

  /**
   * @param capacity most entries, 1 or more
   * @param onDropped called with a value that is dropped because the map is full
   */
  constructor(capacity: number, onDropped: (value: Value) => void = () => {}) {
    this.#capacity = capacity;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#entries.size;
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
    const [oldest, dropped] = this.#entries.entries().next().value!;
    this.#entries.delete(oldest);
    this.#onDropped(dropped);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Returns the values, the least recently used one first. */
  values(): Value[] {
    return [...this.#entries.values()];
  }
}
