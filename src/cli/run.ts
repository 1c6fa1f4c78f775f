/**
 * Runs micropay: from the words on the command line to the exit code. It loads only the code of the
 * command, because loading takes most of a short command's time.
 */
import configuration from "../../deno.json" with { type: "json" };
import { MicropayError } from "../errors.ts";
import { systemClock } from "../clock.ts";
import { printable } from "../printable.ts";
import { systemRandom } from "../random.ts";
import {
  type ClientRequest,
  type GencertRequest,
  parseCommandLine,
  type ParsedCommandLine,
  type UsageRefusal,
} from "./command_line/command_line.ts";
import { errorFields, errorLine } from "./error_fields.ts";
import { type ExitCode, exitCodeOfError, exitCodes } from "./exit_code.ts";
import { jsonLine } from "./json_line.ts";
import { askYesNo, LineInput } from "./line_input.ts";
import { type ProcessIo, systemProcessIo, untilSignal } from "./process_io.ts";

/** @param args the words after `micropay` */
export async function run(
  args: readonly string[],
  processIo: ProcessIo = systemProcessIo,
): Promise<ExitCode> {
  const { environment, say } = processIo;
  const request = parseCommandLine(args, {
    environment,
    version: configuration.version,
    ...columnsOfTerminal(),
  });
  if (request.kind === "usage_error") {
    const { json, reason, text } = request;
    say(json ? jsonLine({ error: "usage", text: reason }) : text.trimEnd());
    return request.exitCode;
  }
  try {
    return await perform(request, processIo);
  } catch (error) {
    // Any other error is a defect, and its stack trace shows.
    if (!(error instanceof MicropayError)) throw error;
    const isJson = "json" in request && request.json;
    say(isJson ? jsonLine(errorFields(error)) : errorLine(error));
    const { code } = error;
    const isOutcome = code === "unprinted_payment" || code === "unknown_outcome";
    return request.kind === "identity" || request.kind === "ledgers" || code === "usage" ||
        isOutcome
      ? exitCodeOfError[code]
      : exitCodes.error;
  }
}

async function perform(
  request: Exclude<ParsedCommandLine, UsageRefusal>,
  processIo: ProcessIo,
): Promise<ExitCode> {
  switch (request.kind) {
    case "print":
      // A shell takes an empty line for a suggestion, and types a blank.
      if (request.text !== "") processIo.print(request.text.trimEnd());
      return request.exitCode;
    case "known_words": {
      const { completeKnownWords } = await import("./client/known_words.ts");
      const text = await completeKnownWords(request, processIo.environment);
      if (text !== "") processIo.print(text.trimEnd());
      return exitCodes.ok;
    }
    case "gencert":
      return await gencert(request, processIo);
    case "ledger": {
      const { runLedger } = await import("./ledger/run_ledger.ts");
      return await runLedger(request, processIo);
    }
    case "verify": {
      const { runVerify } = await import("./verify/run_verify.ts");
      return await runVerify(request, processIo);
    }
    case "witness": {
      const { runWitness } = await import("./witness/run_witness.ts");
      return await runWitness(request, processIo);
    }
    case "server": {
      const { runServer } = await import("./server/run_server.ts");
      return await runServer(request, processIo);
    }
    case "client":
      return await client(request, processIo);
    case "ledgers": {
      const { runLedgers } = await import("./ledgers/run_ledgers.ts");
      return await runLedgers(request, processIo);
    }
    case "identity": {
      const { runIdentity } = await import("./identity/run_identity.ts");
      return await runIdentity(request, processIo);
    }
  }
}

async function client(request: ClientRequest, processIo: ProcessIo): Promise<ExitCode> {
  const { name } = request.command;
  const start = async (interrupted?: AbortSignal) => {
    // Another core makes the key while this one loads the code. It is ready before the client
    // connects, because a server waits for a short time only. A command that reads the wallet alone
    // needs none.
    const ready = ["receipt", "receipts", "limit", "witnesses"].includes(name)
      ? []
      : [processIo.makeSessionKey(request.rsaBits)];
    const [{ runClient }] = await Promise.all([import("./client/run_client.ts"), ...ready]);
    const makeSessionKey = () => ready.pop() ?? processIo.makeSessionKey(request.rsaBits);
    return await runClient(request, { ...processIo, makeSessionKey, interrupted });
  };
  // Who interrupts a command that moves money must hear the outcome.
  const isPayment = name === "pay" || name === "pay_batch" || name === "pay_request" ||
    name === "refund";
  return isPayment ? await untilSignal(processIo, start) : await start();
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

function columnsOfTerminal(): { columns?: number } {
  try {
    return { columns: Deno.consoleSize().columns };
  } catch {
    // Not a terminal.
    return {};
  }
}
