/**
 * From the words after `micropay` to the exit code.
 */
import { messageOf, MicropayError } from "../errors.ts";
import { systemClock } from "../clock.ts";
import { printable } from "../printable.ts";
import { systemRandom } from "../random.ts";
import { runClient } from "./client_command.ts";
import { parseCommandLine } from "./command_line.ts";
import { type ExitCode, exitCodes } from "./exit_code.ts";
import { runGencert } from "./gencert_command.ts";
import { jsonLine } from "./json_line.ts";
import { runLedger } from "./ledger_command.ts";
import { runServer } from "./server_command.ts";
import { runVerify } from "./verify_command.ts";
import { version } from "./version.ts";

export async function run(args: readonly string[]): Promise<ExitCode> {
  const request = parseCommandLine(args, {
    environment: (name) => Deno.env.get(name),
    version,
    ...columnsOfTerminal(),
  });
  switch (request.kind) {
    case "print":
      console.log(request.text.trimEnd());
      return request.exitCode;
    case "usage_error":
      console.error(
        request.json ? jsonLine({ error: "usage", text: request.reason }) : request.text.trimEnd(),
      );
      return request.exitCode;
    case "gencert":
      return await endingWithError(() => gencert(request));
    case "ledger":
      return await endingWithError(() => runLedger(request), { json: request.json });
    case "verify":
      return await endingWithError(() => runVerify(request), { json: request.json });
    case "server":
      return await endingWithError(() => runServer(request));
    case "client":
      return await runClient(request);
  }
}

async function gencert(request: Parameters<typeof runGencert>[0]): Promise<ExitCode> {
  await runGencert(request, {
    clock: systemClock,
    random: systemRandom,
    hostname: Deno.hostname(),
    print: (line) => console.log(line),
  });
  return exitCodes.ok;
}

/** One clear line for what was expected to go wrong some time; everything else is a defect and shows where. */
async function endingWithError(
  action: () => Promise<ExitCode>,
  { json = false }: { json?: boolean } = {},
): Promise<ExitCode> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    const text = messageOf(error);
    console.error(json ? jsonLine({ error: error.code, text }) : `micropay: ${printable(text)}`);
    return error.code === "usage" ? exitCodes.usage : exitCodes.error;
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
