/**
 * Finds the command that a command line names, and puts its words in the order that commander
 * expects.
 */
import type { Command, Option } from "commander";
import { absentWord } from "./value_rule.ts";

/** What the words ask for, as far as that can be told without reading a value. */
export interface CommandWords {
  /** The command, or the program itself where the words name none. */
  readonly command: Command;
  /**
   * The words with the command's name first: `client HOST PORT list` as `client list HOST PORT`.
   * An {@link absentWord} is there for each word of the server, if the line has none.
   */
  readonly words: readonly string[];
  /**
   * The words that are neither a command's name, nor an option, nor an option's value. An
   * {@link absentWord} is among them as in `words`.
   */
  readonly operands: readonly string[];
  /** The missing word before the command's name: `SERVER_PORT`. */
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
  const at = placeOfCommand(words, group);
  const command = at === undefined ? undefined : findNamed(group, words[at]);
  if (at === undefined || !command) {
    // A client without any word uses a joined ledger.
    const isClient = group.commands.length > 0;
    const absent = isClient && words.length === 0 ? before.map(() => absentWord) : [];
    return { command: group, words: [...args, ...absent], operands: words, wantsHelp };
  }
  const inner = findNamed(command, words[at + 1]);
  const names = [command, ...(inner ? [inner] : [])];
  const places = names.map((_, index) => operands[at + index]!.at);
  const others = rest.filter((_, place) => !places.includes(place));
  const shared = before.slice(0, sharedArguments(command));
  const absent = at === 0 ? shared.map(() => absentWord) : [];
  const moved = [...[group, ...names].map((one) => one.name()), ...absent, ...others];
  const missing = at === 0 ? undefined : shared[at]?.name();
  return {
    ...{ command: inner ?? command, words: moved, wantsHelp },
    operands: [...absent, ...words.toSpliced(at, names.length)],
    ...(missing !== undefined && { missing }),
  };
}

/**
 * Returns the place of the command among the words. The first word is the command if it has the
 * name of one, unless a port and a command follow: a server may have the name of a command.
 */
function placeOfCommand(words: readonly string[], group: Command): number | undefined {
  const before = group.registeredArguments;
  const isNamed = (at: number) => findNamed(group, words[at]) !== undefined;
  const own = before.length;
  const afterServer = own > 0 && isNamed(own) && /^[0-9]+$/.test(words[own - 1] ?? "");
  if (afterServer) return own;
  return [...(isNamed(0) ? [0] : []), own, ...before.keys()].find(isNamed);
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
