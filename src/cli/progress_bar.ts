/**
 * Shows the progress of a long command on the terminal of stderr. Without a terminal it shows
 * nothing.
 */

const width = 40;

export class ProgressBar {
  readonly #isShown = Deno.stderr.isTerminal();

  /** @param share the part that is done, 0 to 1 */
  show(share: number): void {
    if (!this.#isShown) return;
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
