/**
 * `micropay client`: one command, or the menu.
 */
import type { Member } from "../client/member.ts";
import type { Paid } from "../client/payment_result.ts";
import type { Settled } from "../client/settlement.ts";
import type { Wallet } from "../client/wallet.ts";
import { systemClock } from "../clock.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import { MicropayError, UsageError } from "../errors.ts";
import type { Refusal } from "../protocol/exchange.ts";
import { MeteredNetwork } from "../transport/metered_network.ts";
import { tcpNetwork } from "../transport/tcp_network.ts";
import { type ClientOutput, isInOrder, jsonOutput, textOutput } from "./client_output.ts";
import { openWallet } from "./client_wallet.ts";
import type { ClientRequest } from "./command_line.ts";
import { type ExitCode, exitCodeOfError, exitCodeOfRefusal, exitCodes } from "./exit_code.ts";
import { LineInput } from "./line_input.ts";
import { readOneTimeCode } from "./one_time_code.ts";
import { runMenu } from "./menu_command.ts";
import { printPayment } from "./print_payment.ts";
import { receive } from "./receive_command.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a client is given beside what it was asked for. */
export interface ClientDependencies extends Surroundings {
  readonly sessionKey: SessionKey;
}

export async function runClient(
  request: ClientRequest,
  dependencies: ClientDependencies,
): Promise<ExitCode> {
  const printers = { print: dependencies.print, printError: dependencies.say };
  const output = request.json ? jsonOutput(printers) : textOutput(printers);
  try {
    return await perform(request, { ...dependencies, output });
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    output.failed(error);
    return exitCodeOfError[error.code];
  }
}

async function perform(
  request: ClientRequest,
  dependencies: ClientDependencies & { readonly output: ClientOutput },
): Promise<ExitCode> {
  const { output } = dependencies;
  const input = new LineInput(dependencies.openInput());
  const network = new MeteredNetwork(tcpNetwork);
  const wallet = await openWallet(request, { ...dependencies, input, network });
  const { command } = request;
  switch (command.name) {
    case "menu":
      if (request.json) throw new UsageError("show the menu: --json needs a command");
      return await runMenu(
        { wallet, input, network, clock: systemClock, address: request },
        dependencies,
      );
    case "register": {
      const code = await readOneTimeCode(command, { ...dependencies, input });
      const outcome = await wallet.register(await wallet.connect(), command.account, { code });
      if (outcome.outcome === "refused") return refused(outcome, output);
      output.registered(outcome.answer.account);
      return exitCodes.ok;
    }
    default:
      return await performAsMember(command, { ...dependencies, request, wallet });
  }
}

type MemberCommand = Exclude<ClientRequest["command"], { name: "menu" | "register" }>;

interface MemberContext extends ClientDependencies {
  readonly request: ClientRequest;
  readonly output: ClientOutput;
}

async function performAsMember(
  command: MemberCommand,
  { wallet, ...context }: MemberContext & { readonly wallet: Wallet },
): Promise<ExitCode> {
  const connection = await wallet.connect();
  const { request, output } = context;
  let member: Member | undefined;
  try {
    const name = request.as ?? await wallet.onlyAccount(connection);
    member = await wallet.member(connection, name);
    // A refund settles by itself: the same one may be in doubt, and what became of that is its result.
    if (command.name !== "refund") {
      for await (const settled of member.settle()) output.settled(settled);
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
  context: MemberContext,
): Promise<ExitCode> {
  const { request, output } = context;
  switch (command.name) {
    case "list": {
      const outcome = await member.list();
      if (outcome.outcome === "refused") return refused(outcome, output);
      output.listed(outcome.answer);
      return exitCodes.ok;
    }
    case "balance": {
      const outcome = await member.balance();
      if (outcome.outcome === "refused") return refused(outcome, output);
      output.balance(outcome.answer.balance);
      return exitCodes.ok;
    }
    case "pay": {
      const outcome = await untilSignal(context, (signal) => member.pay(command, { signal }));
      if (outcome.outcome === "refused") return refused(outcome, output);
      return paid(outcome, context);
    }
    case "refund": {
      const onSettled = (settled: Settled) => output.settled(settled);
      const outcome = await untilSignal(
        context,
        (signal) => member.refund(command, { signal, onSettled }),
      );
      if (outcome.outcome === "refused") return refused(outcome, output);
      return paid(outcome, context);
    }
    case "audit": {
      const outcome = await member.audit();
      if (outcome.outcome === "refused") return refused(outcome, output);
      output.audited(outcome);
      return isInOrder(outcome) ? exitCodes.ok : exitCodes.refused;
    }
    case "status": {
      const outcome = await member.status(command.id);
      if (outcome.outcome === "refused") return refused(outcome, output, { id: command.id });
      output.paid(outcome);
      return exitCodes.ok;
    }
    case "history": {
      for await (const page of member.history(command)) {
        if (page.outcome === "refused") return refused(page, output);
        for (const row of page.answer.entries) output.historyRow(row);
        if (context.isReaderGone()) break;
      }
      return exitCodes.ok;
    }
    case "receive": {
      const refusal = await receive(member, { ...context, ...request, ...command });
      return refusal ? refused(refusal, output) : exitCodes.ok;
    }
  }
}

function paid(outcome: Paid, { output, isReaderGone }: MemberContext): ExitCode {
  const { id, entry } = outcome.receipt;
  printPayment({ id, entry, askWith: "status" }, () => output.paid(outcome), { isReaderGone });
  return exitCodes.ok;
}

/** Lets something know of SIGINT and SIGTERM, so that it can end in its own way. */
async function untilSignal<Result>(
  { onSignal }: Surroundings,
  action: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const stop = onSignal(() => controller.abort());
  try {
    return await action(controller.signal);
  } finally {
    stop();
  }
}

function refused(
  refusal: Refusal,
  output: ClientOutput,
  fields?: { readonly id: string },
): ExitCode {
  output.refused(refusal, fields);
  return exitCodeOfRefusal(refusal.code);
}
