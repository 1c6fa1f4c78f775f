/**
 * `pay --batch`: pays the lines of a file. Everything is checked before the first payment is sent.
 */
import { type Batch, batchLineId } from "../../../client/batch/batch.ts";
import { type LineOutcome, payBatch } from "../../../client/batch/pay_batch.ts";
import { type BatchPlan, planBatch, type PlannedLine } from "../../../client/batch/plan_batch.ts";
import type { Member } from "../../../client/member.ts";
import { UsageError } from "../../../errors.ts";
import type { Refusal } from "../../../protocol/request_type.ts";
import { type ExitCode, exitCodeOfError, exitCodeOfRefusal, exitCodes } from "../../exit_code.ts";
import { askYesNo, type LineInput } from "../../line_input.ts";
import type { ProcessIo } from "../../process_io.ts";
import { ProgressBar } from "../../progress_bar.ts";
import { adviceOn, commandSteps } from "../advice.ts";
import { beforeOrder } from "../before_order.ts";
import type { TypeCommand } from "../command_typer.ts";
import { readBatch } from "./batch_file.ts";
import {
  BatchCounts,
  faultOf,
  printFaults,
  printLine,
  printPlan,
  printSummary,
} from "./batch_output.ts";
import { readBatchBytes } from "./read_batch_bytes.ts";

/** A batch that is to be paid. */
export interface PayBatchCommand {
  readonly name: "pay_batch";
  /** As it was typed; `-` is the standard input. */
  readonly file: string;
  readonly batch: Batch;
  readonly dryRun: boolean;
  readonly viaServer: boolean;
  /** Whether to pay without a question. */
  readonly yes: boolean;
}

interface PayBatchContext extends Pick<ProcessIo, "print" | "say" | "isTerminal" | "isReaderGone"> {
  readonly json: boolean;
  readonly input: LineInput;
  readonly typed: TypeCommand;
  /** Aborts at Ctrl-C. */
  readonly interrupted?: AbortSignal | undefined;
}

/**
 * Reads and checks a file of payments, without the server.
 *
 * @returns the command, or `undefined` when the file has bad lines, which are printed
 * @throws {FileError} when the file cannot be read
 */
export async function readPayBatch(
  { batch: file, dryRun, viaServer, yes }: Omit<PayBatchCommand, "name" | "file" | "batch"> & {
    readonly batch: string;
  },
  { openInput, print, json }: Pick<ProcessIo, "openInput" | "print"> & { readonly json: boolean },
): Promise<PayBatchCommand | undefined> {
  const { batch, faults } = readBatch(await readBatchBytes(file, openInput));
  if (faults.length === 0) return { name: "pay_batch", file, batch, dryRun, viaServer, yes };
  printFaults(faults, { print, json });
  return undefined;
}

/** Returns the payment ids of a batch. */
export function idsOfBatch({ batch: { lines, digest } }: PayBatchCommand, { context }: Member) {
  return new Set(lines.map(({ number }) => batchLineId({ digest, number }, context.name)));
}

/**
 * Checks a batch with the server, and pays it.
 *
 * @returns the exit code, or a refusal of the whole batch. Nothing was sent then
 * @throws {UsageError} when nobody agreed
 * @throws {InterruptedError} when it was interrupted before anything was sent
 */
export async function performPayBatch(
  command: PayBatchCommand,
  member: Member,
  context: PayBatchContext,
): Promise<ExitCode | Refusal> {
  const { print, say, json } = context;
  const printing = { print, json };
  const bar = new ProgressBar();
  const plan = await beforeOrder(
    command,
    context,
    () => planBatch(command.batch, member, { onProgress: (share) => bar.show(share) }),
  ).finally(() => bar.clear());
  if ("outcome" in plan) return plan;
  if (plan.refused.length > 0) {
    printFaults(plan.refused.map(faultOf), printing);
    say("nothing was sent; correct these lines and pay the file again");
    return exitCodes.refused;
  }
  if (command.dryRun) {
    printPlan(plan, printing);
    return plan.fault ? exitCodes.refused : exitCodes.ok;
  }
  if (plan.fault) {
    const have = plan.fault.code === 270 ? `, and you have ${plan.balance}` : "";
    if (!json) say(`the file costs ${plan.cost}${have}; nothing was sent`);
    return plan.fault;
  }
  await agree(command, plan, context);
  return await payPlan(command, plan, member, context);
}

/** @throws {UsageError} when nobody agreed */
async function agree(
  command: PayBatchCommand,
  { lines, cost }: BatchPlan,
  context: PayBatchContext,
): Promise<void> {
  const { yes, file } = command;
  const { input, isTerminal, say } = context;
  const count = lines.filter(({ entry }) => entry === undefined).length;
  if (yes || count === 0) return;
  const attempt = `make ${count} payments of ${cost} in all`;
  if (file === "-" || !isTerminal()) {
    throw new UsageError(`${attempt}: give --yes too, there is nobody to ask; nothing was sent`);
  }
  const isAgreed = await beforeOrder(
    command,
    context,
    () => askYesNo(`This will ${attempt}. Do it?`, { input, say }),
  );
  if (!isAgreed) {
    throw new UsageError(`${attempt}: not confirmed; nothing was sent`);
  }
}

async function payPlan(
  { file, viaServer }: PayBatchCommand,
  { lines }: BatchPlan,
  member: Member,
  { print, say, json, interrupted, isReaderGone, typed }: PayBatchContext,
): Promise<ExitCode> {
  const counts = new BatchCounts();
  const bar = new ProgressBar();
  const advice = new Set<string>();
  let done = 0;
  let code: ExitCode = exitCodes.ok;
  const readerGone = new AbortController();
  const stop = AbortSignal.any([readerGone.signal, ...(interrupted ? [interrupted] : [])]);
  const onOutcome = (line: PlannedLine, outcome: LineOutcome) => {
    counts.add(line, outcome);
    code = worse(code, codeOf(outcome));
    const text = adviceFor(line, outcome, member);
    if (text !== undefined) advice.add(text);
    bar.clear();
    printLine(line, outcome, { print, json });
    bar.show(++done / lines.length);
    if (isReaderGone()) readerGone.abort();
  };
  const sayOnce = () => say("stopping; waiting for the payments that are under way");
  interrupted?.addEventListener("abort", sayOnce, { once: true });
  try {
    await payBatch(lines, member, { viaServer, stop, onOutcome });
  } finally {
    interrupted?.removeEventListener("abort", sayOnce);
    bar.clear();
  }
  printSummary(counts, { print, json });
  for (const text of advice) say(text);
  if (code !== exitCodes.ok) {
    const words = `pay --batch ${file}${viaServer ? " --via-server" : ""}`;
    say(`pay the rest with the same file, unchanged: ${typed(words)}`);
  }
  return code;
}

function adviceFor(
  { payee, amount, id }: PlannedLine,
  outcome: LineOutcome,
  { context: { name } }: Member,
): string | undefined {
  if (outcome.outcome !== "refused") return undefined;
  return adviceOn(outcome.refusal, { kind: "pay", name, payee, amount, id }, commandSteps);
}

function codeOf(outcome: LineOutcome): ExitCode {
  switch (outcome.outcome) {
    case "paid":
    case "already_paid":
      return exitCodes.ok;
    case "refused":
      return exitCodeOfRefusal(outcome.refusal.code);
    case "in_doubt":
      return exitCodes.unknownOutcome;
    case "not_sent":
      return outcome.error ? exitCodeOfError[outcome.error.code] : exitCodes.error;
  }
}

/** Returns the exit code that says more: a doubt before a refusal, and that before other errors. */
function worse(one: ExitCode, other: ExitCode): ExitCode {
  const order: readonly ExitCode[] = [0, 1, 2, 5, 4, 6];
  return order.indexOf(other) > order.indexOf(one) ? other : one;
}
