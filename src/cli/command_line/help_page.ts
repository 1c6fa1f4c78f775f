/**
 * The layout of help pages. It is commander's, with each option's default and variable, and with a
 * usage line in the order in which people type.
 */
import type { Argument, Command, HelpConfiguration, Option } from "commander";
import { plainFlags, variableOf } from "./program_command.ts";

/** For `configureHelp`. */
export const helpPage: HelpConfiguration = {
  // A narrow description is wrapped too.
  minWidthToWrap: 20,
  commandUsage: (command) =>
    command.parent === null
      ? command.commands.map(usageOf).join("\n       ")
      : usageOf(command as Command),
  subcommandTerm: (command) => command.name(),
  optionTerm: ({ flags }) => plainFlags(flags),
  optionDescription,
  argumentDescription: ({ description }) => description,
};

/** A section of examples: `addHelpText(...examples("micropay server 8888"))`. */
export function examples(...lines: readonly string[]): ["after", string] {
  return ["after", ["", "Examples:", ...lines.map((line) => `  ${line}`)].join("\n")];
}

function usageOf(command: Command): string {
  const group = command.parent!.parent ? command.parent! : command;
  const before = group.registeredArguments.map(wordOf);
  const own = command === group
    ? group.commands.length > 0 ? [group.usage()] : []
    : [command.name(), ...command.registeredArguments.slice(before.length).map(wordOf)];
  const words = ["micropay", group.name(), ...before, ...own];
  // Options come before the first word that is not a name.
  const names = before.length > 0 || command === group ? 2 : 3;
  if (command.options.length > 0) words.splice(names, 0, "[OPTIONS]");
  return words.join(" ");
}

function wordOf(argument: Argument): string {
  const word = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? word : `[${word}]`;
}

function optionDescription(option: Option): string {
  const { description, defaultValue, long } = option;
  if (long === "--help" || long === "--version") return description;
  const hasDefault = option.required && defaultValue !== undefined && String(defaultValue) !== "";
  return `${description}${hasDefault ? ` Default: ${defaultValue}.` : ""} [${variableOf(option)}]`;
}
