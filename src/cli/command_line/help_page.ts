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

/** A join line for examples. */
export const exampleUri = "micropay://127.0.0.1:8888/?ca=" +
  "495e1fc182b31dcf4982c169193b35e26ab0e86ce6f31ec239e5d000fbd799fd";

/** A section of examples: `addHelpText(...examples("micropay server 8888"))`. */
export function examples(...lines: readonly string[]): ["after", string] {
  return ["after", ["", "Examples:", ...lines.map((line) => `  ${line}`)].join("\n")];
}

function usageOf(command: Command): string {
  const names = [command.name()];
  for (let at = command.parent; at; at = at.parent) names.unshift(at.name());
  const shared = sharedArguments(command);
  const server = command.commands.length > 0 ? command.registeredArguments.length : shared;
  const all = command.registeredArguments.map(wordOf);
  // Both words of the server may be left out together.
  const optional = server === 0 ? [] : [`[${all.slice(0, server).join(" ")}]`];
  const words = all.slice(server);
  // Options come before the first word that is not a name.
  const options = command.options.length > 0 ? ["[OPTIONS]"] : [];
  const group = command.commands.length > 0 ? [command.usage()] : [];
  return [
    ...(shared === 0
      ? [...names, ...options, ...optional, ...words]
      : [...names.slice(0, -1), ...options, ...optional, command.name(), ...words]),
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
