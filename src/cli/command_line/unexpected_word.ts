/**
 * Refusals of words that a command does not expect, with a suggestion where the meaning is clear.
 */
import type { Command } from "commander";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { printable } from "../../printable.ts";
import { isNamed, sharedArguments } from "./command_words.ts";
import { Refusal } from "./value_rule.ts";

/** Refuses an option that the command does not have. */
export function unexpectedOption(given: string, command: Command): Refusal {
  return refusal(
    given,
    command.parent ? adviceOnOption(given.split("=", 1)[0]!, command) : undefined,
  );
}

/** Refuses a word after the last one that the command expects. */
export function unexpectedWord(given: string, command: Command): Refusal {
  return refusal(given, adviceOnWord(given, command));
}

function refusal(given: string, advice = ""): Refusal {
  return new Refusal(`"${printable(given)}" is not expected here. ${advice}`.trimEnd());
}

function adviceOnOption(name: string, command: Command): string {
  const has = ({ options }: Command) => options.some((option) => isNamed(option, name));
  if (has(command)) return `${name} takes no value.`;
  const others = command.parent?.parent ? command.parent.commands : command.commands;
  const owners = others.filter(has).map((owner) => owner.name());
  if (owners.length > 0) return `It is an option of ${listNames(owners)}.`;
  const argument = name.slice(2).toUpperCase();
  if (command.registeredArguments.some((one) => one.name() === argument)) {
    return `Give ${argument} as a word of its own.`;
  }
  return question(nearest(name, command.options.map(({ long }) => long!), 0.4));
}

function adviceOnWord(given: string, command: Command): string {
  const { parent } = command;
  const elsewhere = parent?.parent ? [] : wholeCommands(given, parent ?? command);
  if (elsewhere.length > 0) return question(elsewhere);
  const near = nearest(given, command.commands.map((one) => one.name()), 0.7);
  if (near.length > 0) return question(near);
  const inClient = [command, parent].find((one) =>
    one?.parent?.parent && !one.parent.parent.parent
  );
  const takesServer = (inClient?.parent?.registeredArguments.length ?? 0) > 0;
  if (inClient && takesServer && sharedArguments(inClient) === 0) {
    return `${inClient.name()} needs no server: leave its address and port out.`;
  }
  const isSibling = parent?.parent &&
    parent.commands.some((one) => one !== command && one.name() === given);
  return isSibling ? `One command at a time: ${command.name()} or ${given}.` : "";
}

/** The commands of this name, as they are typed in full: `client pay`. */
function wholeCommands(name: string, program: Command): string[] {
  return program.commands
    .filter((group) => group.commands.some((one) => one.name() === name))
    .map((group) => `${group.name()} ${name}`);
}

/** Finds the most similar name. Not more than this share of its letters may differ. */
function nearest(given: string, known: readonly string[], shareMax: number): string[] {
  const share = (one: string) =>
    levenshteinDistance(given, one) / Math.max(given.length, one.length);
  const [first] = known.toSorted((one, other) => share(one) - share(other));
  return first !== undefined && share(first) <= shareMax ? [first] : [];
}

function question(suggested: readonly string[]): string {
  const quoted = suggested.map((one) => `"${one}"`);
  return quoted.length === 0 ? "" : `Did you mean ${quoted.join(" or ")}?`;
}

function listNames(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
