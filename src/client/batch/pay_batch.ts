/**
 * Paying the lines of a batch, several at a time.
 */
import type { AccountName } from "../../account_name.ts";
import { MicropayError, UnknownOutcomeError } from "../../errors.ts";
import { batchDirectPaymentsMax, batchSubmittedPaymentsMax } from "../../limits.ts";
import { isPayeeAway } from "../../protocol/code.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { Member } from "../member.ts";
import { isSamePayment, type OrderRefusal, type Paid } from "../payment/order_outcome.ts";
import { inParallel } from "./in_parallel.ts";
import type { PlannedLine } from "./plan_batch.ts";

export type LineOutcome =
  | { readonly outcome: "paid" | "already_paid"; readonly entry: number }
  | { readonly outcome: "refused"; readonly refusal: OrderRefusal }
  /** It was sent, and whether it is booked is not known. */
  | { readonly outcome: "in_doubt"; readonly error: UnknownOutcomeError }
  /** Nothing was sent, because an error or an interruption came first. */
  | { readonly outcome: "not_sent"; readonly error?: MicropayError };

export interface PayBatchOptions {
  readonly viaServer: boolean;
  /** No further payment is sent when it aborts. Those under way are waited for. */
  readonly stop?: AbortSignal | undefined;
  readonly onOutcome: (line: PlannedLine, outcome: LineOutcome) => void;
}

/**
 * Pays the lines that are not paid, and tells the outcome of every line once.
 *
 * @throws what `onOutcome` throws, when the payments under way have ended
 */
export async function payBatch(
  lines: readonly PlannedLine[],
  member: Member,
  { viaServer, stop, onOutcome }: PayBatchOptions,
): Promise<void> {
  const told = new Set<PlannedLine>();
  const tell = (line: PlannedLine, outcome: LineOutcome) => {
    told.add(line);
    onOutcome(line, outcome);
  };
  const away = new Map<AccountName, LineOutcome>();
  const workers = viaServer ? batchSubmittedPaymentsMax : batchDirectPaymentsMax;
  // The lines of one payee follow each other, so that few connections are open at a time.
  const ordered = viaServer ? lines : [...Map.groupBy(lines, ({ payee }) => payee).values()].flat();
  await inParallel(ordered, { workers, stop }, async (line) => {
    const { entry, openOrder, payee } = line;
    // The payment of an open order also brings its receipt into the wallet.
    if (entry !== undefined && !openOrder) return tell(line, { outcome: "already_paid", entry });
    const absence = openOrder === "recorded" ? undefined : away.get(payee);
    // Without the server no payment can be made.
    if (!member.context.link.isOpen) return tell(line, { outcome: "not_sent" });
    const outcome = absence ?? await payLine(line, member, { viaServer });
    if (isAway(outcome)) away.set(payee, outcome);
    tell(line, outcome);
  });
  for (const line of lines) if (!told.has(line)) tell(line, { outcome: "not_sent" });
}

async function payLine(
  { id, payee, amount, memo, entry }: PlannedLine,
  member: Member,
  { viaServer }: { readonly viaServer: boolean },
): Promise<LineOutcome> {
  const isSame = (paid: Paid) => isSamePayment(paid, { payer: member.context.name, payee, amount });
  try {
    const outcome = await member.pay({ id, payee, amount, memo, viaServer, isUnbooked: true });
    if (outcome.outcome === "paid") {
      const booked = outcome.receipt.payload.entry;
      return { outcome: entry === undefined ? "paid" : "already_paid", entry: booked };
    }
    // Another machine with the same account pays the same file.
    const earlier = outcome.code === 266 ? await member.status(id) : outcome;
    if (earlier.outcome === "paid" && isSame(earlier)) {
      return { outcome: "already_paid", entry: earlier.receipt.payload.entry };
    }
    return { outcome: "refused", refusal: outcome };
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return { outcome: "in_doubt", error };
    if (error instanceof MicropayError) return { outcome: "not_sent", error };
    throw error;
  }
}

/** Returns whether the other lines of the payee would have the same outcome. */
function isAway(outcome: LineOutcome): boolean {
  if (outcome.outcome === "not_sent") return outcome.error?.code === "untrusted";
  return outcome.outcome === "refused" && isAbsence(outcome.refusal);
}

function isAbsence({ code }: Refusal): boolean {
  return code === 262 || code === 267 || isPayeeAway(code);
}
