/**
 * `micropay client`: one command, or the menu.
 */
import { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../client/wallet/data_folder.ts";
import type { Wallet } from "../../client/wallet.ts";
import { systemClock } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { MicropayError, UsageError } from "../../errors.ts";
import { MeteredNetwork } from "../../transport/metered_network.ts";
import { tcpNetwork } from "../../transport/tcp_network.ts";
import { platformDataHome } from "../data_home.ts";
import { type AddressedRequest, chooseLedger } from "./choose_ledger.ts";
import { join, readJoinLine } from "./join_command.ts";
import { commandSteps, registeredText } from "./advice.ts";
import { commandTyper } from "./command_typer.ts";
import { type ClientOutput, jsonOutput, textOutput } from "./output.ts";
import { openWallet, type WalletDialogue } from "./open_wallet.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodeOfError, exitCodes } from "../exit_code.ts";
import { askYesNo, LineInput } from "../line_input.ts";
import { changeLimits } from "./limit_command.ts";
import { exportReceipts, showReceipt } from "./receipt_command.ts";
import { performAsMember } from "./member_command.ts";
import { printRefusal } from "./print_outcome.ts";
import { readOneTimeCode } from "./one_time_code.ts";
import { showsScreen } from "./shows_screen.ts";
import type { ProcessIo } from "../process_io.ts";
import { changeWitnesses } from "./witnesses_command.ts";

interface ClientDependencies extends Omit<ProcessIo, "makeSessionKey"> {
  readonly makeSessionKey: () => Promise<SessionKey>;
  /** Aborts when a payment is interrupted. Other commands end by the signal or listen for it. */
  readonly interrupted?: AbortSignal | undefined;
}

/** Performs a command of the client, or runs the menu, and prints its error. */
export async function runClient(
  request: ClientRequest,
  dependencies: ClientDependencies,
): Promise<ExitCode> {
  const { print: printResult, say: printError } = dependencies;
  // The lines of an export come alone to stdout.
  const print = isExport(request) ? printError : printResult;
  const outputWith = request.json ? jsonOutput : textOutput;
  let output = outputWith({ print, printError });
  const home = request.home ??
    platformDataHome({ os: Deno.build.os, environment: dependencies.environment });
  const folder = new DataFolder(home);
  const store = new SqliteWalletStore(folder.walletFile());
  // The payments of a batch may be the standard input, which has one reader only.
  const input = new LineInput(readsPayments(request) ? noInput() : dependencies.openInput());
  const network = new MeteredNetwork(tcpNetwork);
  try {
    const addressed = await chooseLedger(
      request,
      store,
      () => readJoinLine({ ...dependencies, input }),
    );
    output = outputWith({ print, printError, typed: commandTyper(addressed) });
    const { command } = addressed;
    const open = (dialogue?: Partial<WalletDialogue>) =>
      openWallet(addressed, { ...dependencies, folder, store, input, network }, dialogue);
    if (command.name === "menu") {
      if (request.json) throw new UsageError("show the menu: --json needs a command");
      const showing = { ...dependencies, network, openWallet: open, store };
      // Screen and menu load their code when they are shown, so that the commands start as fast.
      if (showsScreen(command, dependencies)) {
        const { runScreen } = await import("./screen/run_screen.ts");
        return await runScreen({ ...addressed, command }, showing);
      }
      const { runMenu } = await import("./menu/run_menu.ts");
      return await runMenu(addressed, { ...showing, input });
    }
    const wallet = await open();
    return await perform(command, wallet, {
      ...{ ...dependencies, store, input, output },
      request: addressed,
    });
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    output.printFailure(error);
    return exitCodeOfError[error.code];
  } finally {
    store.close();
  }
}

function isExport({ command }: ClientRequest): boolean {
  return command.name === "history" && command.format !== undefined;
}

function readsPayments({ command }: ClientRequest): boolean {
  return command.name === "pay_batch" && command.batch === "-";
}

function noInput(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

type Command = Exclude<ClientRequest["command"], { readonly name: "menu" }>;

async function perform(
  command: Command,
  wallet: Wallet,
  { request, store, input, ...dependencies }: ClientDependencies & {
    readonly request: AddressedRequest;
    readonly store: SqliteWalletStore;
    readonly input: LineInput;
    readonly output: ClientOutput;
  },
): Promise<ExitCode> {
  const { output } = dependencies;
  const typed = commandTyper(request);
  switch (command.name) {
    case "join":
      return await join(request.joining!, { ...dependencies, request, wallet, store, input });
    case "register": {
      const code = await readOneTimeCode(command, { ...dependencies, input });
      const hasCode = code !== undefined;
      const { account, typed: name } = command;
      // The server's line for new members says `register NAME`, and some people copy it literally.
      if (name === "NAME") {
        throw new UsageError("register NAME: write the name that you want in place of NAME");
      }
      const outcome = await wallet.register(await wallet.connect(), account, { code });
      if (outcome.outcome === "refused") {
        const attempt = { kind: "register", account, hasCode } as const;
        return printRefusal(outcome, attempt, { output, steps: commandSteps });
      }
      const advice = registeredText(outcome.answer, { typed: name, hasCode, next: typed("") });
      output.printRegistration(outcome.answer, advice);
      return exitCodes.ok;
    }
    case "limit": {
      const { isTerminal, say } = dependencies;
      const confirm = isTerminal()
        ? (question: string) => askYesNo(question, { input, say })
        : undefined;
      const context = { output, clock: systemClock, confirm };
      await changeLimits(command, await wallet.keptLimits(request.as), context);
      return exitCodes.ok;
    }
    case "witnesses":
      await changeWitnesses(command, { wallet, output });
      return exitCodes.ok;
    case "receipts":
      await exportReceipts(command, await wallet.kept(request.as), dependencies);
      return exitCodes.ok;
    case "receipt":
      if (command.proof) break;
      await showReceipt(command, await wallet.kept(request.as), dependencies);
      return exitCodes.ok;
    case "pay_batch": {
      // Loaded here, so that the other commands start as fast as before.
      const { readPayBatch } = await import("./batch/pay_batch_command.ts");
      const batch = await readPayBatch(command, { ...dependencies, json: request.json });
      if (!batch) return exitCodes.usage;
      return await performAsMember(batch, { ...dependencies, input, request, wallet });
    }
  }
  return await performAsMember(command, { ...dependencies, input, request, wallet });
}
