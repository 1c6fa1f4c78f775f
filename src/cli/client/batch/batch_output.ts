/**
 * The output of `pay --batch`: a summary for people, or one JSON object a line for scripts.
 */
import type { BatchLine } from "../../../client/batch/batch.ts";
import type { LineOutcome } from "../../../client/batch/pay_batch.ts";
import type { BatchPlan, LineRefusal, PlannedLine } from "../../../client/batch/plan_batch.ts";
import { batchFaultsNamedMax } from "../../../limits.ts";
import { printable } from "../../../printable.ts";
import { jsonLine } from "../../json_line.ts";
import type { LineFault } from "./batch_file.ts";

type Kind = LineOutcome["outcome"];

/** How many payments of a batch have each outcome. */
export class BatchCounts {
  readonly counts: Record<Kind, number> = {
    paid: 0,
    already_paid: 0,
    refused: 0,
    in_doubt: 0,
    not_sent: 0,
  };
  /** The sum of what this run paid. */
  amount = 0;
  /** What is wrong with how many lines. */
  readonly reasons = new Map<string, number[]>();

  add({ number, amount }: PlannedLine, outcome: LineOutcome): void {
    this.counts[outcome.outcome]++;
    if (outcome.outcome === "paid") this.amount += amount;
    const reason = reasonOf(outcome);
    if (reason === undefined) return;
    const numbers = this.reasons.get(reason) ?? [];
    this.reasons.set(reason, numbers);
    numbers.push(number);
  }
}

interface Printing {
  readonly print: (line: string) => void;
  readonly json: boolean;
}

/** Prints the lines of a file that cannot be read or paid. */
export function printFaults(faults: readonly LineFault[], { print, json }: Printing): void {
  for (const { number, text } of faults.slice(0, batchFaultsNamedMax)) {
    print(json ? jsonLine({ line: number, outcome: "bad", text }) : `line ${number}: ${text}`);
  }
  const more = faults.length - batchFaultsNamedMax;
  if (more > 0) print(json ? jsonLine({ outcome: "bad", more }) : `and ${more} more bad lines`);
}

export function faultOf({ line: { number, payee }, refusal: { text } }: LineRefusal): LineFault {
  return { number, text: `${payee}: ${printable(text)}` };
}

/** Prints the outcome of a line for scripts. */
export function printLine(
  line: PlannedLine,
  outcome: LineOutcome,
  { print, json }: Printing,
): void {
  if (json) print(jsonLine({ ...lineFields(line), ...outcomeFields(outcome) }));
}

/** Prints what a batch would cost. */
export function printPlan(
  { lines, cost, balance, fault }: BatchPlan,
  { print, json }: Printing,
): void {
  const paid = lines.filter(({ entry }) => entry !== undefined);
  if (json) {
    for (const line of lines) {
      const { entry } = line;
      const outcome = entry === undefined ? "to_pay" : "already_paid";
      print(jsonLine({ ...lineFields(line), outcome, entry }));
    }
    const counts = { lines: lines.length, already_paid: paid.length };
    const covers = { cost, balance, covered: fault === undefined };
    print(jsonLine({ event: "plan", ...counts, ...covers, ...fault && codeOf(fault) }));
    return;
  }
  print(`${lines.length} payments, of which ${paid.length} are paid already`);
  print(`The other ${lines.length - paid.length} cost ${cost}, balance ${balance}`);
  print(fault ? printable(fault.text) : `The balance covers them, and would be ${balance - cost}`);
}

/** Prints the summary of a run. */
export function printSummary(
  { counts, amount, reasons }: BatchCounts,
  { print, json }: Printing,
): void {
  if (json) return print(jsonLine({ event: "summary", ...counts, amount }));
  for (const [reason, numbers] of reasons) {
    const named = numbers.sort((one, other) => one - other).slice(0, 20).join(", ");
    const more = numbers.length > 20 ? ` and ${numbers.length - 20} more` : "";
    print(`${numbers.length === 1 ? "line" : "lines"} ${named}${more}: ${reason}`);
  }
  const parts = [
    `${counts.paid} paid (${amount})`,
    ...(counts.already_paid > 0 ? [`${counts.already_paid} paid before`] : []),
    ...(counts.refused > 0 ? [`${counts.refused} refused`] : []),
    ...(counts.in_doubt > 0 ? [`${counts.in_doubt} in doubt`] : []),
    ...(counts.not_sent > 0 ? [`${counts.not_sent} not sent`] : []),
  ];
  print(parts.join(", "));
}

function lineFields({ number, id, payee, amount, memo }: BatchLine & { readonly id: string }) {
  return { line: number, id, to: payee, amount, memo };
}

function outcomeFields(outcome: LineOutcome): object {
  switch (outcome.outcome) {
    case "paid":
    case "already_paid":
      return outcome;
    case "refused":
      return { outcome: "refused", ...codeOf(outcome.refusal) };
    case "in_doubt":
    case "not_sent":
      return { outcome: outcome.outcome, text: outcome.error?.message };
  }
}

function codeOf({ code, text }: { readonly code: number; readonly text: string }) {
  return { code, text };
}

function reasonOf(outcome: LineOutcome): string | undefined {
  switch (outcome.outcome) {
    case "paid":
    case "already_paid":
      return undefined;
    case "refused":
      return printable(outcome.refusal.text);
    case "in_doubt":
      return "sent, and whether it is booked is not known";
    case "not_sent":
      return outcome.error ? printable(outcome.error.message) : "not sent";
  }
}
