/**
 * The layout of help pages. It is commander's, with each option's default and variable, and with a
 * usage line in the order in which people type.
 */
import type { Argument, Command, HelpConfiguration, Option } from "commander";
import { sharedArguments } from "./command_words.ts";
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
  const names = [command.name()];
  for (let at = command.parent; at; at = at.parent) names.unshift(at.name());
  const words = command.registeredArguments.map(wordOf);
  const shared = sharedArguments(command);
  // Options come before the first word that is not a name.
  const options = command.options.length > 0 ? ["[OPTIONS]"] : [];
  const group = command.commands.length > 0 ? [command.usage()] : [];
  return [
    ...(shared === 0
      ? [...names, ...options, ...words]
      : [...names.slice(0, -1), ...options, ...words.toSpliced(shared, 0, command.name())]),
    ...group,
  ].join(" ");
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
