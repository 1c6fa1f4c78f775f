/**
 * Interruption by SIGINT, SIGTERM or SIGHUP.
 */
import { InterruptedError } from "../../errors.ts";
import type { ClientCommand } from "../command_line/command_line.ts";
import type { ProcessIo } from "../process_io.ts";

/**
 * Runs an action with a signal that aborts at SIGINT, SIGTERM or SIGHUP, so that the action can end
 * cleanly.
 */
export async function untilSignal<Result>(
  { onSignal }: Pick<ProcessIo, "onSignal">,
  action: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const stop = onSignal(() => controller.abort());
  try {
    return await action(controller.signal);
  } finally {
    stop();
  }
}

/**
 * @returns whether a command moves money, so that a person who interrupts it must hear the outcome
 */
export function isPayment({ name }: ClientCommand): boolean {
  return name === "pay" || name === "refund";
}

/** @returns the error of a payment that was interrupted before its order was made */
export function interruptedBeforeOrder(command: ClientCommand): InterruptedError {
  // The same payment may have been sent in an earlier run.
  const isRepeatable = command.name === "refund" || (command.name === "pay" && command.id);
  const when = isRepeatable ? " now" : "";
  return new InterruptedError(`${command.name}: it was interrupted; nothing was sent${when}`);
}
