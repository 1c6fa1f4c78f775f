/**
 * The standard output of a command that prints a result and ends. A line that cannot be written is
 * an error of its own, because the action was done all the same.
 */
import { messageOf, OutputError, UnprintedPaymentError } from "../errors.ts";

export class StandardOutput {
  readonly #writeSync: (bytes: Uint8Array) => number;
  #isReaderGone = false;

  /** @param writeSync writes some of the bytes and returns how many */
  constructor(writeSync: (bytes: Uint8Array) => number) {
    this.#writeSync = writeSync;
  }

  /**
   * Whether the reader has closed the output, as `head` does when it has seen enough. Later lines
   * are dropped. The command goes on to its own exit code, which may be a verdict. A command that
   * could run for long ends here.
   */
  get isReaderGone(): boolean {
    return this.#isReaderGone;
  }

  /** @throws {OutputError} when the line cannot be written, or not in full */
  print(line: string): void {
    if (this.#isReaderGone) return;
    try {
      let rest = new TextEncoder().encode(`${line}\n`);
      while (rest.length > 0) rest = rest.subarray(this.#writeSync(rest));
    } catch (cause) {
      if (cause instanceof Deno.errors.BrokenPipe) this.#isReaderGone = true;
      else throw new OutputError(`write to the standard output: ${messageOf(cause)}`, { cause });
    }
  }
}

interface BookedPayment {
  readonly id: string;
  readonly entry: number;
  /** The command that finds the payment again, without the id. */
  readonly askWith: string;
}

/**
 * Prints a booked payment. A payer who does not see it would pay again.
 *
 * @throws {UnprintedPaymentError} when it cannot be printed, or nobody reads the output
 */
export function printPayment(
  { id, entry, askWith }: BookedPayment,
  print: () => void,
  { isReaderGone }: { readonly isReaderGone: () => boolean },
): void {
  const fail = (reason: string, cause?: unknown) => {
    const text = `print the payment ${id}: ${reason}; it is booked as entry ${entry}`;
    return new UnprintedPaymentError(`${text}. Ask with: ${askWith} ${id}`, {
      cause,
      orderId: id,
      entry,
    });
  };
  try {
    print();
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    throw fail(messageOf(error), error);
  }
  if (isReaderGone()) throw fail("nobody reads the standard output any more");
}
