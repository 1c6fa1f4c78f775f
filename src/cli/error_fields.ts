/**
 * The text of an error for people, and its JSON members for scripts.
 */
import {
  messageOf,
  type MicropayError,
  UnknownOutcomeError,
  UnprintedPaymentError,
} from "../errors.ts";
import type { TypeCommand } from "./client/command_typer.ts";

/**
 * Returns the text of an error for people.
 *
 * @param typed types the command that asks for the outcome of a payment in doubt
 */
export function errorText(error: unknown, typed?: TypeCommand): string {
  const text = messageOf(error);
  return error instanceof UnknownOutcomeError && typed
    ? `${text}. Ask with: ${typed(`status ${error.orderId}`)}`
    : text;
}

/** @returns the members of an error's JSON line for scripts */
export function errorFields(error: MicropayError, typed?: TypeCommand): object {
  return {
    error: error.code,
    text: errorText(error, typed),
    ...(error instanceof UnknownOutcomeError && { id: error.orderId }),
    ...(error instanceof UnprintedPaymentError && { id: error.orderId, entry: error.entry }),
  };
}
