/**
 * Runs micropay: from the words on the command line to the exit code. It loads only the code of the
 * command, because loading takes most of a short command's time.
 */
import configuration from "../../deno.json" with { type: "json" };
import { messageOf, MicropayError } from "../errors.ts";
import { systemClock } from "../clock.ts";
import { printable } from "../printable.ts";
import { systemRandom } from "../random.ts";
import {
  type ClientCommand,
  type ClientRequest,
  type GencertRequest,
  parseCommandLine,
} from "./command_line/command_line.ts";
import { errorFields } from "./error_fields.ts";
import { type ExitCode, exitCodeOfError, exitCodes } from "./exit_code.ts";
import { isPayment, untilSignal } from "./client/interruption.ts";
import { jsonLine } from "./json_line.ts";
import { askYesNo, LineInput } from "./line_input.ts";
import { type ProcessIo, systemProcessIo } from "./process_io.ts";

/**
 * Runs one command.
 *
 * @param args the words after `micropay`
 */
export async function run(
  args: readonly string[],
  processIo: ProcessIo = systemProcessIo,
): Promise<ExitCode> {
  const { environment, print, say } = processIo;
  const request = parseCommandLine(args, {
    environment,
    version: configuration.version,
    ...columnsOfTerminal(),
  });
  switch (request.kind) {
    case "print":
      return await endingWithError(() => {
        // A shell takes an empty line for a suggestion, and types a blank.
        if (request.text !== "") print(request.text.trimEnd());
        return request.exitCode;
      }, processIo);
    case "usage_error":
      say(
        request.json ? jsonLine({ error: "usage", text: request.reason }) : request.text.trimEnd(),
      );
      return request.exitCode;
    case "gencert":
      return await endingWithError(() => gencert(request, processIo), processIo);
    case "ledger":
      return await endingWithError(async () => {
        const { runLedger } = await import("./ledger/run_ledger.ts");
        return await runLedger(request, processIo);
      }, {
        ...processIo,
        json: request.json,
      });
    case "verify":
      return await endingWithError(async () => {
        const { runVerify } = await import("./verify/run_verify.ts");
        return await runVerify(request, processIo);
      }, {
        ...processIo,
        json: request.json,
      });
    case "server":
      return await endingWithError(async () => {
        const { runServer } = await import("./server/run_server.ts");
        return await runServer(request, processIo);
      }, processIo);
    case "client":
      return await client(request, processIo);
  }
}

async function client(
  request: ClientRequest,
  processIo: ProcessIo,
): Promise<ExitCode> {
  const start = async (interrupted?: AbortSignal) => {
    // Another core makes the key while this one loads the code. It is ready before the client
    // connects, because a server waits for a short time only.
    const ready = readsOnlyWallet(request.command)
      ? []
      : [processIo.makeSessionKey(request.rsaBits)];
    const [{ runClient }] = await Promise.all([import("./client/run_client.ts"), ...ready]);
    const makeSessionKey = () => ready.pop() ?? processIo.makeSessionKey(request.rsaBits);
    return await runClient(request, { ...processIo, makeSessionKey, interrupted });
  };
  return isPayment(request.command) ? await untilSignal(processIo, start) : await start();
}

/** @returns whether a command sends nothing, so that it needs no session key */
function readsOnlyWallet({ name }: ClientCommand): boolean {
  return name === "receipt" || name === "receipts";
}

async function gencert(
  request: GencertRequest,
  { print, say, isTerminal, openInput }: ProcessIo,
): Promise<ExitCode> {
  const { runGencert } = await import("./gencert/run_gencert.ts");
  const confirm = async (question: string) =>
    await askYesNo(printable(question), { input: new LineInput(openInput()), say });
  await runGencert(request, {
    clock: systemClock,
    random: systemRandom,
    hostname: Deno.hostname(),
    print: (line) => print(printable(line)),
    confirm: isTerminal() ? confirm : undefined,
  });
  return exitCodes.ok;
}

/**
 * Prints one clear line for an expected error. Any other error is a defect, and its stack trace
 * shows.
 */
async function endingWithError(
  action: () => ExitCode | Promise<ExitCode>,
  { say, json = false }: Pick<ProcessIo, "say"> & { readonly json?: boolean },
): Promise<ExitCode> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    const text = messageOf(error);
    say(json ? jsonLine(errorFields(error)) : `micropay: ${printable(text)}`);
    const { code } = error;
    return code === "usage" || code === "unprinted_payment"
      ? exitCodeOfError[code]
      : exitCodes.error;
  }
}

function columnsOfTerminal(): { columns?: number } {
  try {
    return { columns: Deno.consoleSize().columns };
  } catch {
    // Not a terminal.
    return {};
  }
}
