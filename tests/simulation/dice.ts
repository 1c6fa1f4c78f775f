/**
 * Repeatable random numbers: the same seed gives the same sequence. For simulations only; its bytes
 * are not secret.
 */
import type { Random } from "../../src/random.ts";

export class Dice implements Random {
  #state: number;

  /** @param seed a whole number of 32 bits */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An independent sequence. A history stays the same when another part draws fewer numbers. */
  fork(label: string): Dice {
    let seed = this.#state;
    for (const character of label) seed = mixed(seed ^ character.codePointAt(0)!);
    return new Dice(seed);
  }

  /** A whole number from 0, less than `end`. */
  below(end: number): number {
    return Math.floor(this.#fraction() * end);
  }

  /** A number from `from`, less than `end`. */
  between(from: number, end: number): number {
    return from + this.#fraction() * (end - from);
  }

  /** @param share of 1 */
  chance(share: number): boolean {
    return this.#fraction() < share;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  #fraction(): number {
    // splitmix32: a counter, mixed.
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mixed(this.#state) / 2 ** 32;
  }
}

function mixed(value: number): number {
  let mixing = value;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x21f0aaad);
  mixing = Math.imul(mixing ^ (mixing >>> 15), 0x735a2d97);
  return (mixing ^ (mixing >>> 15)) >>> 0;
}
