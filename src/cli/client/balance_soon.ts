/**
 * A balance that a sentence can do without.
 */
import { balanceWaitMs } from "../../limits.ts";
import type { Member } from "../../client/member.ts";
import { MicropayError } from "../../errors.ts";
import { withDeadline } from "../../transport/deadline.ts";

/**
 * @returns the member's balance, or `undefined` when the server does not answer within {@link
 * balanceWaitMs}
 */
export async function askBalanceSoon(
  member: Member,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number | undefined> {
  const { clock } = member.context;
  return await withDeadline(async (givenUp) => {
    const late = new Promise<undefined>((resolve) => {
      if (givenUp.aborted) resolve(undefined);
      givenUp.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    return await Promise.race([askBalance(member), late]);
  }, { clock, timeoutMs: balanceWaitMs, signal });
}

async function askBalance(member: Member): Promise<number | undefined> {
  try {
    const outcome = await member.balance();
    return outcome.outcome === "answered" ? outcome.answer.balance : undefined;
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    return undefined;
  }
}
