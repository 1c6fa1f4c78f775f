/**
 * Prints the outcome of a payment and every refusal, with advice, for the commands and the menu.
 */
import type { Member } from "../../client/member.ts";
import type { OrderOutcome, OrderRefusal } from "../../client/payment/order_outcome.ts";
import { MicropayError } from "../../errors.ts";
import { balanceWaitMs } from "../../limits.ts";
import { resultInTime } from "../../transport/deadline.ts";
import { type ExitCode, exitCodeOfRefusal, exitCodes } from "../exit_code.ts";
import { printPayment } from "../standard_output.ts";
import { adviceOn, type Attempt, type NextSteps, type PaymentAttempt } from "./advice.ts";
import type { ClientOutput, RefusalDetails } from "./output.ts";

interface Printing {
  readonly output: ClientOutput;
  readonly steps: NextSteps;
}

export function printRefusal(
  refusal: OrderRefusal,
  attempt: Attempt,
  { output, steps }: Printing,
): ExitCode {
  output.printRefusal(refusal, {
    fields: fieldsOf(refusal, attempt),
    advice: adviceOn(refusal, attempt, steps),
  });
  return exitCodeOfRefusal(refusal.code);
}

function fieldsOf({ exceeded }: OrderRefusal, attempt: Attempt): RefusalDetails["fields"] {
  if (attempt.kind === "status") return attempt.payment;
  return exceeded && { limit: exceeded.limit, left: exceeded.left };
}

interface OutcomePrinting extends Printing {
  readonly member: Member;
  /** The command that finds the payment again, without the id. */
  readonly askWith: string;
  readonly isReaderGone: () => boolean;
  /** Whether a person reads the output, and wants to see the balance. */
  readonly showsBalance?: boolean;
  /** Ends the wait for the balance. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws {UnprintedPaymentError} when it is booked, and that cannot be printed */
export async function printOutcome(
  outcome: OrderOutcome,
  attempt: PaymentAttempt,
  { member, askWith, isReaderGone, showsBalance = true, signal, ...printing }: OutcomePrinting,
): Promise<ExitCode> {
  const wantsBalance = showsBalance && (outcome.outcome === "paid" || outcome.code === 270);
  const balance = wantsBalance ? await askBalanceSoon(member, { signal }) : undefined;
  if (outcome.outcome === "refused") {
    return printRefusal(outcome, { ...attempt, balance }, printing);
  }
  const { id, entry } = outcome.receipt.payload;
  printPayment({ id, entry, askWith }, () => printing.output.printPaid(outcome, { balance }), {
    isReaderGone,
  });
  return exitCodes.ok;
}

/** @returns `undefined` when the server does not answer within {@link balanceWaitMs} */
export async function askBalanceSoon(
  member: Member,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number | undefined> {
  const { clock } = member.context;
  return await resultInTime(askBalance(member), { clock, timeoutMs: balanceWaitMs, signal });
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
