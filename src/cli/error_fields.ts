/**
 * Errors as a line for people, and as JSON for scripts.
 */
import {
  messageOf,
  type MicropayError,
  UndecidedChangeError,
  UnknownOutcomeError,
  UnprintedPaymentError,
} from "../errors.ts";
import { printable } from "../printable.ts";
import type { TypeCommand } from "./client/command_typer.ts";

/**
 * @param typed types the command that asks for the outcome of a payment in doubt
 * @returns a line for a person
 */
export function errorLine(error: unknown, typed?: TypeCommand): string {
  return `micropay: ${printable(errorText(error, typed))}`;
}

function errorText(error: unknown, typed: TypeCommand | undefined): string {
  const text = messageOf(error);
  return error instanceof UnknownOutcomeError && typed
    ? `${text}. Ask with: ${typed(`status ${error.orderId}`)}`
    : text;
}

export function errorFields(error: MicropayError, typed?: TypeCommand): object {
  return {
    error: error.code,
    text: errorText(error, typed),
    ...((error instanceof UnknownOutcomeError || error instanceof UndecidedChangeError) &&
      { id: error.orderId }),
    ...(error instanceof UnprintedPaymentError && { id: error.orderId, entry: error.entry }),
  };
}
