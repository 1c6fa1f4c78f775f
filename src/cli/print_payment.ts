/**
 * Printing a payment that was booked. Whoever is not told of it would pay again.
 */
import { messageOf, OutputError, UnprintedPaymentError } from "../errors.ts";
import type { ProcessIo } from "./process_io.ts";

export interface BookedPayment {
  readonly id: string;
  readonly entry: number;
  /** The command that finds the payment again. */
  readonly askWith: string;
}

/**
 * @throws {UnprintedPaymentError} when it could not be printed, or nobody reads what is printed
 */
export function printPayment(
  { id, entry, askWith }: BookedPayment,
  print: () => void,
  { isReaderGone }: Pick<ProcessIo, "isReaderGone">,
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
