/**
 * Finds the command that a command line names, and puts its words in the order that commander
 * expects.
 */
import type { Command, Option } from "commander";

/** What the words ask for, as far as that can be told without reading a value. */
export interface CommandWords {
  /** The command, or the program itself where the words name none. */
  readonly command: Command;
  /**
   * The words with the command's name first: `client HOST PORT list` as `client list HOST PORT`.
   */
  readonly words: readonly string[];
  /** The words that are neither a command's name, nor an option, nor an option's value. */
  readonly operands: readonly string[];
  /** The first missing word before the command's name: `SERVER_IP`. */
  readonly missing?: string;
  /** Whether they ask for help, whatever else they say. */
  readonly wantsHelp: boolean;
}

/**
 * Finds the command. Options may stand anywhere, and the server's address and port stand before a
 * client's command. Commander expects a command's name before everything that belongs to it.
 */
export function findCommand(args: readonly string[], program: Command): CommandWords {
  const [name, ...rest] = args;
  const group = findNamed(program, name);
  const { operands, wantsHelp } = splitWords(rest, group ?? program);
  const words = operands.map(({ word }) => word);
  if (!group) return { command: program, words: args, operands: args, wantsHelp };
  const before = group.registeredArguments;
  // The command's own place comes first, because a server may have the name of a command.
  const at = [before.length, ...before.keys()].find((at) => findNamed(group, words[at]));
  const command = at === undefined ? undefined : findNamed(group, words[at]);
  if (at === undefined || !command) {
    return { command: group, words: args, operands: words, wantsHelp };
  }
  const inner = findNamed(command, words[at + 1]);
  const names = [command, ...(inner ? [inner] : [])];
  const places = names.map((_, index) => operands[at + index]!.at);
  const others = rest.filter((_, place) => !places.includes(place));
  const moved = [group, ...names].map((one) => one.name()).concat(others);
  const missing = before.slice(0, sharedArguments(command))[at]?.name();
  return {
    ...{ command: inner ?? command, words: moved, wantsHelp },
    operands: words.toSpliced(at, names.length),
    ...(missing !== undefined && { missing }),
  };
}

/** Returns how many of a command's words its group has too, and stand before the command's name. */
export function sharedArguments({ parent, registeredArguments }: Command): number {
  const shared = parent?.registeredArguments ?? [];
  const isShared = shared.every((one, at) => registeredArguments[at]?.name() === one.name());
  return isShared ? shared.length : 0;
}

function findNamed(group: Command, name: string | undefined): Command | undefined {
  return group.commands.find((command) => command.name() === name);
}

/** Whether the word is this option. */
export function isNamed({ long, short }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === long || word === short);
}

/** Whether a word is an option. A negative number is not. */
function isOption(word: string): boolean {
  return /^-[^.0-9]/.test(word);
}

function splitWords(words: readonly string[], group: Command) {
  const commands = [group, ...group.commands, ...group.commands.flatMap((one) => one.commands)];
  const options = commands.flatMap((command) => command.options);
  const operands: { readonly word: string; readonly at: number }[] = [];
  let wantsHelp = false;
  let onlyOperands = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    // The words after `completion SHELL` are another command line.
    onlyOperands ||= group.name() === "completion" && operands.length > 0;
    if (onlyOperands || !isOption(word)) operands.push({ word, at });
    else if (word === "--") onlyOperands = true;
    else if (word === "--help") wantsHelp = true;
    // The next word is its value.
    else if (options.some((option) => isNamed(option, word) && option.required)) at++;
  }
  return { operands, wantsHelp };
}
