/**
 * Ending in one's own way at SIGINT, SIGTERM and SIGHUP, with what to say then.
 */
import { InterruptedError } from "../../errors.ts";
import type { ClientCommand } from "../command_line/command_line.ts";
import type { ProcessIo } from "../process_io.ts";

/** Lets something know of SIGINT, SIGTERM and SIGHUP, so that it can end in its own way. */
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

/** Whether a command moves money, so that the person has to hear what became of it when it is interrupted. */
export function isPayment({ name }: ClientCommand): boolean {
  return name === "pay" || name === "refund";
}

/** What a payment comes to that is interrupted before its order was made. */
export function interruptedBeforeOrder(command: ClientCommand): InterruptedError {
  // The same payment may have been sent in an earlier run.
  const isRepeatable = command.name === "refund" || (command.name === "pay" && command.id);
  const when = isRepeatable ? " now" : "";
  return new InterruptedError(`${command.name}: it was interrupted; nothing was sent${when}`);
}
