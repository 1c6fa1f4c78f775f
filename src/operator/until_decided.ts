/**
 * Repeats an operator's change whose commit the ledger's database did not answer, until its outcome
 * is known.
 */
import type { Clock } from "../clock.ts";
import { LedgerBusyError, messageOf, MicropayError, UndecidedChangeError } from "../errors.ts";
import { undecidedPauseMs, undecidedWaitMsMax } from "../limits.ts";

/** What is said about a change in doubt. */
export interface UndecidedOptions {
  readonly clock: Clock;
  /** Called once, before the change is tried again. */
  readonly onDoubt?: (() => void) | undefined;
  /** The start of the error's text, as in "record the closure of bob". */
  readonly attempt: string;
  /** The end of the error's text: what to do when the database is back. */
  readonly advice: string;
  /** The id of the order that is in doubt. */
  readonly orderId?: string | undefined;
}

/**
 * Makes a change, and makes it again while nobody knows whether it happened.
 *
 * @param change must do nothing the second time, and tell what is there. `wasInDoubt` says whether
 * an earlier call may have made it
 * @returns what `change` returns
 * @throws {UndecidedChangeError} when the outcome is still unknown after {@link undecidedWaitMsMax}
 */
export async function untilDecided<Result>(
  change: (wasInDoubt: boolean) => Promise<Result>,
  { clock, onDoubt, attempt, advice, orderId }: UndecidedOptions,
): Promise<Result> {
  let endMs: number | undefined;
  for (;;) {
    try {
      return await change(endMs !== undefined);
    } catch (error) {
      const isUndecided = error instanceof LedgerBusyError && error.isUndecided;
      if (!(error instanceof MicropayError) || !isUndecided && endMs === undefined) throw error;
      if (endMs === undefined) onDoubt?.();
      endMs ??= clock.monotonicMs() + undecidedWaitMsMax;
      if (clock.monotonicMs() >= endMs) {
        throw new UndecidedChangeError(
          `${attempt}: it is not known whether that happened: ${messageOf(error)}. ${advice}`,
          { cause: error, orderId },
        );
      }
    }
    await new Promise<void>((resolve) => clock.schedule(undecidedPauseMs, resolve));
  }
}
