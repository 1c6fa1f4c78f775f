/**
 * Functions that read the text of a value, and refuse it with one sentence.
 */
import { printable } from "../../printable.ts";

/** What is wrong with the words, as one sentence for a person. */
export class Refusal extends Error {}

/** A value that breaks its rule. */
export class ValueRefusal extends Refusal {
  readonly rule: string;

  constructor(text: string, rule: string) {
    super(`"${printable(text)}": ${rule}.`);
    this.rule = rule;
  }
}

/** What the wallet knows by name. */
export interface KnownWords {
  readonly known: "hosts" | "ports" | "ledgers" | "accounts" | "peers" | "payments";
}

/**
 * What completion suggests for a value: words, what the wallet knows, or the paths that the shell
 * finds.
 */
export type Suggested = readonly string[] | KnownWords | "file" | "directory";

/**
 * Stands for a word that was left out before another one. A command line cannot hold it, because
 * the system ends each word with a NUL.
 */
export const absentWord = "\0";

/** A word that may be left out before another one. */
export function optional<T>(read: ReadValue<T>): ReadValue<T | undefined> {
  const readPresent = (text: string) => text === absentWord ? undefined : read(text);
  return Object.assign(readPresent, read.suggests && { suggests: read.suggests });
}

/** Reads a value, or throws a {@link Refusal}. */
export interface ReadValue<T> {
  (text: string): T;
  readonly suggests?: Suggested;
  /** The variable of its option, where that is not named after the option. */
  readonly variable?: string;
}

/**
 * A flag whose variable is not named after it.
 *
 * @param variable the whole name, as in `MICROPAY_CERTIFICATE_YES`
 */
export function flag(variable: string) {
  return Object.assign(() => true, { variable });
}

/**
 * A value with a rule of its own.
 *
 * @param rule what a refusal says after the refused text, without a full stop: `a port is a whole
 * number from 0 to 65535`
 * @param read returns `undefined` for a text that breaks the rule
 */
export function valueOf<T>(
  rule: string | ((refused: string) => string),
  read: (text: string) => T | undefined,
  { suggests }: Pick<ReadValue<T>, "suggests"> = {},
): ReadValue<T> {
  const readValue = (text: string) => {
    const value = read(text);
    if (value !== undefined) return value;
    throw new ValueRefusal(text, typeof rule === "string" ? rule : rule(text));
  };
  return Object.assign(readValue, suggests && { suggests });
}

/** A whole number from `min` to `max`, as people write one. */
export function wholeNumber(what: string, min: number, max: number): ReadValue<number> {
  return valueOf(`${what} is a whole number from ${min} to ${max}`, (text) => {
    // Number() takes "", " 1", "0x10" and "1e3" too, which nobody means as a number here.
    if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
    const number = Number(text);
    return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

/** One of a few words. */
export function oneOf<const T extends string | number>(
  what: string,
  choices: readonly T[],
): ReadValue<T> {
  const names = choices.map(String);
  const rule = `${what} ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return valueOf(rule, (text) => choices[names.indexOf(text)], { suggests: names });
}

/** Several values, each in a word of its own. */
export function listOf<T>(read: ReadValue<T>) {
  const readNext = (text: string, before: readonly T[]): readonly T[] => [...before, read(text)];
  return Object.assign(readNext, read.suggests && { suggests: read.suggests });
}

/**
 * The values of an option that may be repeated.
 *
 * @param options `variable` is the variable that holds all of them, which `readAll` reads
 */
export function repeatable<T>(
  read: ReadValue<T>,
  options: { readonly variable: string; readonly readAll: ReadValue<readonly T[]> },
) {
  return Object.assign(listOf(read), options);
}
