/**
 * Checking a batch before anything is sent: what is paid already, what the rest costs, and whether
 * the wallet's limits and the balance allow it.
 */
import type { AccountName } from "../../account_name.ts";
import { locateRequestType } from "../../protocol/locate.ts";
import type { Code } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/request_type.ts";
import { verifyReceipt } from "../../protocol/receipt.ts";
import type { Member } from "../member.ts";
import { isSamePayment, type OrderOutcome } from "../payment/order_outcome.ts";
import { leftOf } from "../wallet/payment_limits.ts";
import type { StoredOrder } from "../wallet/wallet_store.ts";
import { type Batch, type BatchLine, batchLineId } from "./batch.ts";
import { inParallel } from "./in_parallel.ts";

/** A line with what is known of its payment. */
export interface PlannedLine extends BatchLine {
  /** The payment id. */
  readonly id: string;
  /** The entry, when it is booked. */
  readonly entry?: number | undefined;
  /**
   * The state of its order when the wallet holds one and no receipt. An earlier run sent it, or was
   * about to.
   */
  readonly openOrder?: StoredOrder["state"] | undefined;
}

/** A line that cannot be paid. */
export interface LineRefusal {
  readonly line: BatchLine;
  readonly refusal: Refusal;
}

export interface BatchPlan {
  readonly lines: readonly PlannedLine[];
  /** Lines that cannot be paid. When there is one, nothing should be sent. */
  readonly refused: readonly LineRefusal[];
  /** The sum of the lines that are not booked. */
  readonly cost: number;
  readonly balance: number;
  /** Why the rest as a whole cannot be paid: 270 or 272. */
  readonly fault?: Refusal | undefined;
}

/** How many questions are asked at once. The connection has its own, lower bound. */
const askedAtOnce = 64;

/**
 * Asks the wallet and the server about every line. Sends no payment.
 *
 * @param options.onProgress is told the share that is done, 0 to 1
 * @returns the plan, or the refusal of a question
 */
export async function planBatch(
  { lines, digest }: Batch,
  member: Member,
  { onProgress }: { readonly onProgress: (share: number) => void },
): Promise<BatchPlan | Refusal> {
  const { name, limits, outbox } = member.context;
  const answered = await member.balance();
  if (answered.outcome === "refused") return answered;
  const { balance } = answered.answer;
  const openIds = new Set(await outbox.ids());
  const planned: PlannedLine[] = [];
  const refused: LineRefusal[] = [];
  let done = 0;
  await inParallel(lines, { workers: askedAtOnce }, async (line, index) => {
    const id = batchLineId({ digest, number: line.number }, name);
    const toSelf = line.payee === name;
    const entry = toSelf ? refuse(280) : await bookedEntry({ ...line, id }, member);
    onProgress(++done / lines.length);
    if (typeof entry === "object") refused.push({ line, refusal: entry });
    planned[index] = {
      ...line,
      id,
      openOrder: openIds.has(id) ? (await outbox.get(id))?.state : undefined,
      entry: typeof entry === "number" ? entry : undefined,
    };
  });
  const refusedNumbers = new Set(refused.map(({ line }) => line.number));
  const unpaid = planned.filter(({ entry, number }) =>
    entry === undefined && !refusedNumbers.has(number)
  );
  const { limits: { perPayment = Infinity, perDay }, paid } = await limits.read(
    member.context.link.nowMs(),
  );
  const absent = await absentPayees(new Set(unpaid.map(({ payee }) => payee)), member);
  for (const line of unpaid) {
    const absence = absent.get(line.payee);
    if (absence) refused.push({ line, refusal: absence });
    else if (!countsAlready(line) && line.amount > perPayment) {
      refused.push({ line, refusal: refuse(271, String(perPayment)) });
    }
  }
  const cost = sumOf(unpaid);
  const left = perDay === undefined ? Infinity : leftOf(perDay, paid);
  const isBeyondDay = sumOf(unpaid.filter((line) => !countsAlready(line))) > left;
  return {
    ...{ lines: planned, cost, balance },
    refused: refused.sort((one, other) => one.line.number - other.line.number),
    fault: isBeyondDay
      ? refuse(272, `${left} of ${perDay}`)
      : cost > balance
      ? refuse(270)
      : undefined,
  };
}

/** An open order was recorded within the limits. One that was refused counts no more. */
function countsAlready({ openOrder }: PlannedLine): boolean {
  return openOrder === "recorded";
}

/** Returns the sum of amounts; `Infinity` beyond what a ledger can hold. */
export function sumOf(lines: readonly Pick<BatchLine, "amount">[]): number {
  const sum = lines.reduce((sum, { amount }) => sum + amount, 0);
  return Number.isSafeInteger(sum) ? sum : Infinity;
}

/** Returns the entry of a line's payment; `undefined` when nothing is booked under its id. */
async function bookedEntry(
  { id, payee, amount }: Pick<PlannedLine, "id" | "payee" | "amount">,
  member: Member,
): Promise<number | Refusal | undefined> {
  const { anchor, name: payer, receipts } = member.context;
  const [kept] = await receipts.find({ id });
  const booked: OrderOutcome = kept
    ? { outcome: "paid", receipt: verifyReceipt(kept.receipt, { anchor }) }
    : await member.status(id);
  if (booked.outcome === "refused") return booked.code === 400 ? undefined : booked;
  const isSame = isSamePayment(booked, { payer, payee, amount });
  return isSame ? booked.receipt.payload.entry : refuse(266);
}

const absentCodes: readonly Code[] = [262, 267];

/** Returns why payees cannot be paid at all, for those that the ledger does not have. */
async function absentPayees(
  payees: ReadonlySet<AccountName>,
  { context: { link } }: Member,
): Promise<ReadonlyMap<AccountName, Refusal>> {
  const absent = new Map<AccountName, Refusal>();
  await inParallel([...payees], { workers: askedAtOnce }, async (name) => {
    const located = await link.ask(locateRequestType, { name });
    if (located.outcome === "refused" && absentCodes.includes(located.code)) {
      absent.set(name, located);
    }
  });
  return absent;
}
