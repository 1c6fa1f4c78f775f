/**
 * An error as a script is told it, on one line of stderr with `--json`.
 */
import {
  messageOf,
  type MicropayError,
  UnknownOutcomeError,
  UnprintedPaymentError,
} from "../errors.ts";

export function errorFields(error: MicropayError): object {
  return {
    error: error.code,
    text: messageOf(error),
    ...(error instanceof UnknownOutcomeError && { id: error.orderId }),
    ...(error instanceof UnprintedPaymentError && { id: error.orderId, entry: error.entry }),
  };
}
