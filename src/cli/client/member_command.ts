/**
 * The commands of `micropay client` that need an account. Each uses a connection of its own.
 */
import { untilAborted } from "../../client/until_aborted.ts";
import type { Member } from "../../client/member.ts";
import type { OrderOutcome } from "../../client/payment/order_outcome.ts";
import type { Settled } from "../../client/payment/settlement.ts";
import type { Wallet } from "../../client/wallet.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import { askBalanceSoon } from "./balance_soon.ts";
import { adviceOn, type Attempt, commandSteps } from "./advice.ts";
import { commandTyper } from "./command_typer.ts";
import { type ClientOutput, isInOrder } from "./output.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodeOfRefusal, exitCodes } from "../exit_code.ts";
import { findPayment, refusedReference, resolveId } from "./find_payment.ts";
import { interruptedBeforeOrder } from "./interruption.ts";
import type { PaymentReference } from "./payment_reference.ts";
import { printPayment } from "../standard_output.ts";
import { receive } from "./receive_command.ts";
import type { ProcessIo } from "../process_io.ts";

export type MemberCommand = Exclude<
  ClientRequest["command"],
  { name: "menu" | "register" | "receipt" | "receipts" }
>;

interface MemberCommandContext extends ProcessIo {
  readonly request: ClientRequest;
  readonly output: ClientOutput;
  /**
   * Aborts when a payment is interrupted. Other commands end by the signal itself, or listen for
   * it.
   */
  readonly interrupted?: AbortSignal | undefined;
}

/** Performs a command as the account that was named, or as the only one. */
export async function performAsMember(
  command: MemberCommand,
  { wallet, ...context }: MemberCommandContext & { readonly wallet: Wallet },
): Promise<ExitCode> {
  const { request } = context;
  const connection = await beforeOrder(command, context, () => wallet.connect());
  let member: Member | undefined;
  try {
    const name = request.as ?? await wallet.onlyAccount(connection);
    member = await wallet.member(connection, name);
    // A refund settles by itself: the same refund may be in doubt, and then that outcome is its
    // result.
    if (command.name !== "refund") {
      const settling = member.settle();
      await beforeOrder(command, context, () => printSettled(settling, context));
    }
    return await performFor(member, command, context);
  } finally {
    await member?.abandon();
    connection.close();
  }
}

async function performFor(
  member: Member,
  command: MemberCommand,
  context: MemberCommandContext,
): Promise<ExitCode> {
  const { request, output, interrupted: signal } = context;
  const { name } = member.context;
  const asking = { kind: "ask", name } as const;
  switch (command.name) {
    case "list": {
      const outcome = await member.list();
      if (outcome.outcome === "refused") return printRefusal(outcome, asking, output);
      output.printList(outcome.answer);
      return exitCodes.ok;
    }
    case "balance": {
      const outcome = await member.balance();
      if (outcome.outcome === "refused") return printRefusal(outcome, asking, output);
      output.printBalance(outcome.answer.balance);
      return exitCodes.ok;
    }
    case "pay": {
      const outcome = await member.pay(command, { signal });
      return await printOutcome(outcome, { ...command, kind: "pay", name }, { member, context });
    }
    case "refund": {
      const onSettled = (settled: Settled) => output.printSettled(settled);
      const finding = () => resolveId(command.payment, member);
      const found = await beforeOrder(command, context, finding);
      const outcome = found.outcome === "refused"
        ? refusedReference(found)
        : await member.refund({ ...command, id: found.answer.id }, { signal, onSettled });
      return await printOutcome(outcome, { ...command, kind: "refund", name }, { member, context });
    }
    case "audit": {
      const outcome = await member.audit();
      if (outcome.outcome === "refused") return printRefusal(outcome, asking, output);
      output.printAudit(outcome);
      return isInOrder(outcome) ? exitCodes.ok : exitCodes.refused;
    }
    case "status": {
      const { payment } = command;
      const outcome = await findPayment(payment, member);
      if (outcome.outcome === "refused") {
        return printRefusal(outcome, { kind: "status", name, payment }, output, payment);
      }
      output.printStatus(outcome);
      return exitCodes.ok;
    }
    case "history": {
      for await (const page of member.history(command)) {
        if (page.outcome === "refused") return printRefusal(page, asking, output);
        for (const row of page.answer.entries) output.printHistoryRow(row);
        if (context.isReaderGone()) break;
      }
      return exitCodes.ok;
    }
    case "receive": {
      const typed = commandTyper(request);
      const refusal = await receive(member, { ...context, ...request, ...command, typed });
      return refusal ? printRefusal(refusal, { kind: "log_in", name }, output) : exitCodes.ok;
    }
  }
}

/**
 * Runs a step before a payment's order. An interruption throws an error that says that nothing was
 * sent.
 */
async function beforeOrder<Result>(
  command: MemberCommand,
  { interrupted }: MemberCommandContext,
  action: () => Promise<Result>,
): Promise<Result> {
  if (interrupted?.aborted) throw interruptedBeforeOrder(command);
  return await untilAborted(action(), interrupted, () => interruptedBeforeOrder(command));
}

async function printSettled(
  settling: AsyncIterable<Settled>,
  { output, interrupted }: MemberCommandContext,
): Promise<void> {
  for await (const settled of settling) {
    // Nobody waits for it any more.
    if (interrupted?.aborted) return;
    output.printSettled(settled);
  }
}

/** Prints the outcome of a payment. People also see their balance. */
async function printOutcome(
  outcome: OrderOutcome,
  attempt: Extract<Attempt, { readonly kind: "pay" | "refund" }>,
  { member, context }: { readonly member: Member; readonly context: MemberCommandContext },
): Promise<ExitCode> {
  const { output, interrupted: signal, isReaderGone, request } = context;
  const wanted = outcome.outcome === "paid" || outcome.code === 270;
  const balance = wanted && !request.json ? await askBalanceSoon(member, { signal }) : undefined;
  if (outcome.outcome === "refused") return printRefusal(outcome, { ...attempt, balance }, output);
  const { id, entry } = outcome.receipt.payload;
  const askWith = commandTyper(request)("status");
  printPayment({ id, entry, askWith }, () => output.printPaid(outcome, { balance }), {
    isReaderGone,
  });
  return exitCodes.ok;
}

/** Prints a refusal with advice. */
export function printRefusal(
  refusal: Refusal,
  attempt: Attempt,
  output: ClientOutput,
  fields?: PaymentReference,
): ExitCode {
  output.printRefusal(refusal, { fields, advice: adviceOn(refusal, attempt, commandSteps) });
  return exitCodeOfRefusal(refusal.code);
}
