/**
 * The commands of `micropay client` that need an account. Each uses a connection of its own.
 */
import { LastingMember } from "../../client/lasting_member.ts";
import type { Member } from "../../client/member.ts";
import type { SelfAudit } from "../../client/self_audit.ts";
import type { Settled } from "../../client/payment/settlement.ts";
import type { Wallet } from "../../client/wallet.ts";
import { isDocumentError, UnknownOutcomeError } from "../../errors.ts";
import { commandSteps } from "./advice.ts";
import { keepEvidenceOf, selfAuditOf } from "./audit_alarm.ts";
import { runAudit } from "./audit_command.ts";
import { beforeOrder } from "./before_order.ts";
import { commandTyper } from "./command_typer.ts";
import type { ClientOutput } from "./output.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { AddressedRequest } from "./choose_ledger.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import type { PayBatchCommand } from "./batch/pay_batch_command.ts";
import { findPayment, resolveRefunded } from "./find_payment.ts";
import { showHistory } from "./history_command.ts";
import { printOutcome, printRefusal } from "./print_outcome.ts";
import { showProvenReceipt } from "./receipt_command.ts";
import { confirmRequest, printRequest } from "./request_command.ts";
import { refuse } from "../../protocol/request_type.ts";
import { receive } from "./receive_command.ts";
import type { LineInput } from "../line_input.ts";
import type { ProcessIo } from "../process_io.ts";

type MemberCommand =
  | PayBatchCommand
  | Exclude<
    ClientRequest["command"],
    { name: "menu" | "join" | "register" | "receipts" | "limit" | "witnesses" | "pay_batch" }
  >;

interface MemberCommandContext extends ProcessIo {
  readonly request: AddressedRequest;
  readonly input: LineInput;
  readonly output: ClientOutput;
  /**
   * Aborts when a payment is interrupted. Other commands end by the signal itself, or listen for
   * it.
   */
  readonly interrupted?: AbortSignal | undefined;
}

export async function performAsMember(
  command: MemberCommand,
  { wallet, ...context }: MemberCommandContext & { readonly wallet: Wallet },
): Promise<ExitCode> {
  const { request } = context;
  const connection = await beforeOrder(command, context, () => wallet.connect());
  let lasting: LastingMember | undefined;
  try {
    const name = request.as ?? await wallet.onlyAccount(connection.anchor.fingerprint);
    const member = await wallet.member(connection, name);
    lasting = new LastingMember(member, (options) => wallet.reconnect(member, options));
    // A refund settles by itself: the same refund may be in doubt, and then that outcome is its
    // result.
    if (command.name !== "refund") {
      const settling = member.settle({ except: await settledByItself(command, member) });
      await beforeOrder(command, context, () => printSettled(settling, context));
    }
    const selfAudit = selfAuditOf(lasting, { wallet, output: context.output });
    const acting = { ...context, wallet, selfAudit };
    const auditSoon = () => selfAudit.runSoon({ signal: context.interrupted });
    const code = await performFor(lasting, command, acting).catch(async (error) => {
      // A dishonest server may have left it in doubt.
      if (error instanceof UnknownOutcomeError) await auditSoon();
      throw error;
    });
    if (command.name !== "audit") await auditSoon();
    return codeAfter(code, selfAudit);
  } finally {
    await lasting?.abandon();
    connection.close();
  }
}

/**
 * Returns the exit code of a command whose own one is `code`. A fault of this machine's wallet is
 * said, and changes nothing: a script would take a payment that was made for one that was not.
 */
function codeAfter(code: ExitCode, { error, hasFailed }: SelfAudit): ExitCode {
  return hasFailed || isDocumentError(error) ? exitCodes.refused : code;
}

interface ActingContext extends MemberCommandContext {
  readonly wallet: Wallet;
  readonly selfAudit: SelfAudit;
}

async function performFor(
  lasting: LastingMember,
  command: MemberCommand,
  context: ActingContext,
): Promise<ExitCode> {
  const { request, output, interrupted: signal } = context;
  const { member } = lasting;
  const { name } = member.context;
  const typed = commandTyper(request);
  const asking = { kind: "ask", name } as const;
  const printing = { output, steps: commandSteps };
  const printingOutcome = {
    ...{ ...printing, member, signal },
    askWith: typed("status"),
    isReaderGone: context.isReaderGone,
    showsBalance: !request.json,
  };
  switch (command.name) {
    case "list": {
      const outcome = await member.list();
      if (outcome.outcome === "refused") return printRefusal(outcome, asking, printing);
      output.printList(outcome.answer);
      return exitCodes.ok;
    }
    case "balance": {
      const outcome = await member.balance();
      if (outcome.outcome === "refused") return printRefusal(outcome, asking, printing);
      output.printBalance(outcome.answer.balance);
      return exitCodes.ok;
    }
    case "pay": {
      const outcome = await member.pay(command, { signal });
      return await printOutcome(outcome, { ...command, kind: "pay", name }, printingOutcome);
    }
    case "pay_request": {
      const found = await beforeOrder(
        command,
        context,
        () => confirmRequest(command, member, context),
      );
      if (found.outcome === "refused") return printRefusal(found, asking, printing);
      const { id, payload: { payee, amount, memo } } = found.answer;
      const terms = { id, payee, amount, memo, viaServer: command.viaServer };
      const outcome = await member.pay({ ...terms, request: found.answer }, { signal });
      const attempt = { kind: "pay", name, payee, amount } as const;
      return await printOutcome(outcome, attempt, printingOutcome);
    }
    case "request": {
      const { amount, memo, payer, expires: lifetimeMs } = command;
      if (payer === name) return printRefusal(refuse(280), asking, printing);
      const made = await member.request({ amount, memo, payer, lifetimeMs });
      printRequest(made, member, context);
      return exitCodes.ok;
    }
    case "requests": {
      output.printRequests(await member.requests());
      return exitCodes.ok;
    }
    case "pay_batch": {
      const { performPayBatch } = await import("./batch/pay_batch_command.ts");
      const code = await performPayBatch(command, member, {
        ...context,
        json: request.json,
        typed,
      });
      return typeof code === "number" ? code : printRefusal(code, asking, printing);
    }
    case "refund": {
      const onSettled = (settled: Settled) => output.printSettled(settled);
      const finding = () => resolveRefunded(command.payment, member);
      const found = await beforeOrder(command, context, finding);
      const outcome = found.outcome === "refused"
        ? found
        : await member.refund({ ...command, id: found.answer.id }, { signal, onSettled });
      return await printOutcome(outcome, { ...command, kind: "refund", name }, printingOutcome);
    }
    case "audit": {
      const code = await runAudit(command, member, context);
      return typeof code === "number" ? code : printRefusal(code, asking, printing);
    }
    case "receipt": {
      const outcome = await showProvenReceipt(command, member, context);
      if (outcome?.outcome === "refused") return printRefusal(outcome, asking, printing);
      if (outcome) output.printAudit(outcome, keepEvidenceOf(outcome, member, context));
      return outcome ? exitCodes.refused : exitCodes.ok;
    }
    case "status": {
      const { payment } = command;
      const outcome = await findPayment(payment, member);
      if (outcome.outcome === "refused") {
        return printRefusal(outcome, { kind: "status", name, payment }, printing);
      }
      output.printStatus(outcome);
      return exitCodes.ok;
    }
    case "history": {
      const refusal = await showHistory(command, member, context);
      return refusal ? printRefusal(refusal, asking, printing) : exitCodes.ok;
    }
    case "receive": {
      const refusal = await receive(lasting, { ...context, ...request, ...command, typed });
      return refusal ? printRefusal(refusal, { kind: "log_in", name }, printing) : exitCodes.ok;
    }
  }
}

/** Returns the ids of the open orders whose outcome a command tells as its own result. */
async function settledByItself(
  command: MemberCommand,
  member: Member,
): Promise<ReadonlySet<string> | undefined> {
  if (command.name !== "pay_batch") return undefined;
  const { idsOfBatch } = await import("./batch/pay_batch_command.ts");
  return idsOfBatch(command, member);
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
