/**
 * The command line as a whole: words and environment in, one typed request out. All
 * that it looks at is a parameter, and it prints nothing. So tests see every text that a person may
 * see.
 */
import { helpColumnsMin } from "../../limits.ts";
import type { Command as TypedCommand } from "@commander-js/extra-typings";
import { type Command, CommanderError } from "commander";
import { isPrintable, printable } from "../../printable.ts";
import { clientCommand } from "../client/options.ts";
import { gencertCommand } from "../gencert/options.ts";
import { identityCommand } from "../identity/options.ts";
import { ledgerCommand } from "../ledger/options.ts";
import { ledgersCommand } from "../ledgers/options.ts";
import type { Environment } from "../process_io.ts";
import { serverCommand } from "../server/options.ts";
import { verifyCommand } from "../verify/options.ts";
import { witnessCommand } from "../witness/options.ts";
import { type CommandWords, findCommand } from "./command_words.ts";
import { completionCommand, type KnownWordsRequest } from "./completion.ts";
import { examples, exampleUri, helpPage } from "./help_page.ts";
import { flagInEnvironment, pathsIn } from "./option_values.ts";
import { ProgramCommand } from "./program_command.ts";
import { Refusal } from "./value_rule.ts";
import { firstOf, type RequestOf, requestOf, withoutUndefined } from "./request_of.ts";

export type ServerRequest = RequestOf<typeof serverCommand>;
export type ClientRequest = RequestOf<typeof clientCommand>;
export type IdentityRequest = RequestOf<typeof identityCommand>;
export type LedgersRequest = RequestOf<typeof ledgersCommand>;
export type GencertRequest = RequestOf<typeof gencertCommand>;
export type LedgerRequest = RequestOf<typeof ledgerCommand>;
export type VerifyRequest = RequestOf<typeof verifyCommand>;
export type WitnessRequest = RequestOf<typeof witnessCommand>;

/** A text for stdout: help, the version, or completion's. It ends with a newline. */
export interface PrintRequest {
  readonly kind: "print";
  readonly text: string;
  readonly exitCode: 0;
}

/** Nothing can be done with these words. */
export interface UsageRefusal {
  readonly kind: "usage_error";
  /** For stderr: what is wrong and how to get help. Ends with a newline. */
  readonly text: string;
  /** What is wrong, on one line: the `text` of the `--json` form. */
  readonly reason: string;
  /** Whether the words asked for `--json`, as far as that can be told from words that are wrong. */
  readonly json: boolean;
  readonly exitCode: 2;
}

export type ParsedCommandLine =
  | ServerRequest
  | ClientRequest
  | IdentityRequest
  | LedgersRequest
  | GencertRequest
  | LedgerRequest
  | VerifyRequest
  | WitnessRequest
  | PrintRequest
  | KnownWordsRequest
  | UsageRefusal;

interface CommandLineOptions {
  readonly environment: Environment;
  readonly version: string;
  /** Width of help in columns; 80 when not known. */
  readonly columns?: number;
}

/** @param args the words after `micropay` */
export function parseCommandLine(
  args: readonly string[],
  options: CommandLineOptions,
): ParsedCommandLine {
  let printed = "";
  const program = new ProgramCommand("micropay").configureOutput({
    writeOut: (text) => printed += text,
    getOutHelpWidth: () => Math.max(options.columns ?? 80, helpColumnsMin),
    getOutHasColors: () => false,
  });
  const request = addCommands(program, options);
  const found = findCommand(args, program);
  try {
    if (found.wantsHelp) found.command.outputHelp();
    else {
      if (found.missing !== undefined) throw serverMissing(found.missing, found.command);
      program.parse(found.words, { from: "user" });
    }
  } catch (error) {
    if (error instanceof Refusal) return usageRefusal(error, found, { args, ...options });
    // Commander throws this after it printed the version.
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
  const made = request();
  return made ? withoutUndefined(made) : { kind: "print", text: printed, exitCode: 0 };
}

/** Returns all commands, for manual pages. */
export function describeProgram(options: CommandLineOptions): ProgramCommand {
  const program = new ProgramCommand("micropay");
  addCommands(program, options);
  return program;
}

function addCommands(program: ProgramCommand, { environment, version }: CommandLineOptions) {
  program
    .description("Person-to-person micropayments for a closed group.")
    .version(`micropay ${version}`, "--version", "Show the version.")
    .helpOption("--help", "Show this help.")
    .helpCommand(false)
    .configureHelp(helpPage)
    .enablePositionalOptions()
    .exitOverride()
    .hook("preAction", (_, command) => (command as ProgramCommand).readVariables(environment))
    .addHelpText(
      ...examples(
        "micropay server 8888 3 --silent",
        `micropay client join '${exampleUri}'`,
        "micropay client pay bob 5",
        "micropay client 127.0.0.1 8888 pay bob 5",
        "micropay server --help",
        "source <(micropay completion bash)",
      ),
    )
    .addHelpText(
      "after",
      "\nEvery option can also be given as an environment variable, which its help\n" +
        "shows in brackets. The command line wins.",
    );
  const typed = program as unknown as TypedCommand;
  const paths = pathsIn(environment);
  return firstOf(
    requestOf(typed, () => {
      const names = program.commands.map((command) => command.name());
      throw new Refusal(
        `A command is missing: ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`,
      );
    }),
    serverCommand(typed, paths),
    clientCommand(typed, paths),
    identityCommand(typed, paths),
    ledgersCommand(typed, paths),
    ledgerCommand(typed, paths),
    verifyCommand(typed, paths),
    witnessCommand(typed, paths),
    gencertCommand(typed, paths),
    completionCommand(typed, program),
  );
}

/** Refuses a client's command that stands where the server's port belongs. */
function serverMissing(missing: string, command: Command): Refusal {
  const whole = `client HOST PORT ${command.name()}`;
  return new Refusal(
    `${missing} is missing. The server's address and port come before the command: "${whole}".`,
  );
}

function usageRefusal(
  { message }: Refusal,
  { command }: CommandWords,
  { args, environment }: CommandLineOptions & { readonly args: readonly string[] },
): UsageRefusal {
  // A refused value is escaped already. A name in another text may hold anything.
  const reason = isPrintable(message) ? message : printable(message);
  const words: string[] = ["--help"];
  for (let at: Command | null = command; at; at = at.parent) words.unshift(at.name());
  const hasJson = command.options.some(({ long }) => long === "--json");
  return {
    kind: "usage_error",
    text: `micropay: ${reason}\nTry "${words.join(" ")}".\n`,
    reason,
    json: hasJson && (args.includes("--json") || isOn(environment("MICROPAY_JSON"))),
    exitCode: 2,
  };
}

function isOn(flag = ""): boolean {
  try {
    return flagInEnvironment(flag);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
