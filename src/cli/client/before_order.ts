/**
 * The steps before a payment's order. Ctrl-C ends them with the news that nothing was sent.
 */
import { untilAborted } from "../../client/until_aborted.ts";
import { InterruptedError } from "../../errors.ts";

/** A command, as far as the error names it. */
interface InterruptibleCommand {
  readonly name: string;
  readonly id?: string | undefined;
}

/**
 * Runs a step before a payment's order.
 *
 * @throws {InterruptedError} when it was interrupted. Its text says that nothing was sent
 */
export async function beforeOrder<Result>(
  command: InterruptibleCommand,
  { interrupted }: { readonly interrupted?: AbortSignal | undefined },
  action: () => Promise<Result>,
): Promise<Result> {
  if (interrupted?.aborted) throw interruptedBeforeOrder(command);
  return await untilAborted(action(), interrupted, () => interruptedBeforeOrder(command));
}

function interruptedBeforeOrder({ name, id }: InterruptibleCommand): InterruptedError {
  const isPay = name === "pay" || name.startsWith("pay_");
  // The same payment may have been sent in an earlier run.
  const isRepeatable = name === "refund" || (isPay && (name !== "pay" || id !== undefined));
  const when = isRepeatable ? " now" : "";
  return new InterruptedError(
    `${isPay ? "pay" : name}: it was interrupted; nothing was sent${when}`,
  );
}
