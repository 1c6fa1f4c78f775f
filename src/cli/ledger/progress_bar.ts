/**
 * Shows the progress of a long command on the terminal of stderr. Without a terminal it shows
 * nothing.
 */

const width = 40;

export class ProgressBar {
  readonly #total: number;
  readonly #isShown = Deno.stderr.isTerminal();

  constructor(total: number) {
    this.#total = total;
  }

  show(done: number): void {
    if (!this.#isShown || this.#total === 0) return;
    const share = Math.min(done / this.#total, 1);
    const full = Math.round(share * width);
    const bar = "#".repeat(full) + "·".repeat(width - full);
    this.#write(`\r[${bar}] ${Math.floor(100 * share)} %`);
  }

  clear(): void {
    if (this.#isShown) this.#write(`\r${" ".repeat(width + 10)}\r`);
  }

  #write(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}
