/**
 * The manual pages (troff with the macros of man(7)), from the definitions of `--help`.
 */
import type { Command } from "commander";
import { describeProgram } from "../../src/cli/command_line/command_line.ts";
import { plainFlags } from "../../src/cli/command_line/program_command.ts";

export interface ManualPage {
  /** As in `micropay-client-pay.1`. */
  readonly file: string;
  readonly text: string;
}

/** Returns a page for the program and one for each of its commands. */
export function manualPages(version: string): ManualPage[] {
  const program = describeProgram({ environment: () => undefined, version, columns: 80 });
  return commandsOf(program).map((command) => ({
    file: `${pageName(command)}.1`,
    text: pageOf(command, version),
  }));
}

/** Returns a command and all commands below it that a person sees. */
export function commandsOf(command: Command): Command[] {
  return [command, ...command.createHelp().visibleCommands(command).flatMap(commandsOf)];
}

/** Returns the words of a command, as in `micropay client pay`. */
export function wordsOf(command: Command): string {
  return command.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name();
}

/** Returns the lines below `Examples:` in a command's help. */
export function examplesOf(command: Command): string[] {
  const lines = helpOf(command).split("\n");
  const start = lines.indexOf("Examples:");
  if (start === -1) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith("  "));
  return rest.slice(0, end === -1 ? undefined : end).map((line) => line.trim());
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => text += part,
    getOutHelpWidth: () => 10_000,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

function pageName(command: Command): string {
  return wordsOf(command).replaceAll(" ", "-");
}

function pageOf(command: Command, version: string): string {
  const help = command.createHelp();
  const description = help.commandDescription(command);
  const summary = command.summary() || description.split(/(?<=\.) /)[0]!;
  const entries = (title: string, all: readonly (readonly [string, string])[]) =>
    all.length === 0 ? [] : [
      `.SH ${title}`,
      ...all.flatMap(([term, text]) => [".TP", `.B ${plain(term)}`, line(text)]),
    ];
  const options = help.visibleOptions(command);
  const subcommands = help.visibleCommands(command);
  const others = [command.parent, ...subcommands].filter((one) => one !== null);
  return [
    `.TH ${plain(pageName(command).toUpperCase())} 1 "" "micropay ${version}" "micropay"`,
    // A broken name of a variable or an option could not be copied.
    ".nh",
    ".ad l",
    ".SH NAME",
    `${plain(pageName(command))} \\- ${plain(summary.replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ...help.commandUsage(command).split("\n").flatMap((usage, at) => [
      ...(at > 0 ? [".br"] : []),
      line(usage.trim()),
    ]),
    ".SH DESCRIPTION",
    line(description),
    ...entries(
      "ARGUMENTS",
      command.registeredArguments.map((one) =>
        [one.name(), help.argumentDescription(one)] as const
      ),
    ),
    ...entries(
      "COMMANDS",
      subcommands.map((one) => [one.name(), help.subcommandDescription(one)] as const),
    ),
    ...entries(
      "OPTIONS",
      options.map((one) => [plainFlags(one.flags), help.optionDescription(one)] as const),
    ),
    ".SH EXAMPLES",
    ".nf",
    ...examplesOf(command).map(line),
    ".fi",
    ".SH SEE ALSO",
    line(others.map((one) => `${pageName(one)}(1)`).join(", ")),
    "",
  ].join("\n");
}

/** Escapes a text, so that troff prints it as it is. */
function plain(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq")
    .replaceAll("'", "\\(aq").replaceAll("`", "\\(ga").replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replace(
      /[^\p{ASCII}]/gu,
      (one) => `\\[u${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

/** Returns a text as a line of its own, which is no request although it begins with a dot. */
function line(text: string): string {
  return text.startsWith(".") ? `\\&${plain(text)}` : plain(text);
}
