/** Copies of rows, whose changes can be undone. */

/** How to undo what was changed, the newest last. */
export class UndoLog {
  readonly #steps: (() => void)[] = [];

  get length(): number {
    return this.#steps.length;
  }

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Undoes everything after the first `length` changes. */
  backTo(length: number): void {
    for (const step of this.#steps.splice(length).reverse()) step();
  }
}

/** Copies of rows of one kind, by their key. */
export class RowCopies<Row> {
  readonly #kind: string;
  readonly #undo: UndoLog;
  readonly #rows = new Map<string, Row>();
  /** All keys that were looked for, also those without a row. */
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(kind: string, undo: UndoLog) {
    this.#kind = kind;
    this.#undo = undo;
  }

  /** Takes the rows that were found for these keys. */
  load(keys: Iterable<string>, rows: Iterable<readonly [string, Row]>): void {
    for (const key of keys) this.#known.add(key);
    for (const [key, row] of rows) this.#rows.set(key, row);
  }

  isKnown(key: string): boolean {
    return this.#known.has(key);
  }

  /**
   * Returns the row of a key.
   *
   * @throws {RangeError} when nobody looked for it: an operation did not say that it reads it
   */
  get(key: string): Row | undefined {
    if (!this.#known.has(key)) {
      throw new RangeError(`cannot read the ${this.#kind} ${key}: not loaded`);
    }
    return this.#rows.get(key);
  }

  values(): Iterable<Row> {
    return this.#rows.values();
  }

  entries(): readonly (readonly [string, Row])[] {
    return [...this.#rows];
  }

  /** Replaces or removes a row. */
  set(key: string, row: Row | undefined): void {
    const [before, wasKnown, wasChanged] = [
      this.#rows.get(key),
      this.#known.has(key),
      this.#changed.has(key),
    ];
    this.#put(key, row);
    this.#known.add(key);
    this.#changed.add(key);
    this.#undo.add(() => {
      this.#put(key, before);
      if (!wasKnown) this.#known.delete(key);
      if (!wasChanged) this.#changed.delete(key);
    });
  }

  /** Returns the rows that were set, by key. */
  changed(): (readonly [string, Row | undefined])[] {
    return [...this.#changed].map((key) => [key, this.#rows.get(key)] as const);
  }

  #put(key: string, row: Row | undefined): void {
    if (row === undefined) this.#rows.delete(key);
    else this.#rows.set(key, row);
  }
}
