/**
 * An error as a person is told it, and as a script is, on one line of stderr with `--json`.
 */
import {
  messageOf,
  type MicropayError,
  UnknownOutcomeError,
  UnprintedPaymentError,
} from "../errors.ts";
import type { TypeCommand } from "./client/command_typer.ts";

/** @param typed how the client's command is typed that asks what became of a payment in doubt */
export function errorText(error: unknown, typed?: TypeCommand): string {
  const text = messageOf(error);
  return error instanceof UnknownOutcomeError && typed
    ? `${text}. Ask with: ${typed(`status ${error.orderId}`)}`
    : text;
}

export function errorFields(error: MicropayError, typed?: TypeCommand): object {
  return {
    error: error.code,
    text: errorText(error, typed),
    ...(error instanceof UnknownOutcomeError && { id: error.orderId }),
    ...(error instanceof UnprintedPaymentError && { id: error.orderId, entry: error.entry }),
  };
}
