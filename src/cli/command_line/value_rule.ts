/**
 * How a value on a command line is read, and what is said of one that is refused.
 */
import { message, text } from "@optique/core/message";
import type { NonEmptyString } from "@optique/core/nonempty";
import type { Suggestion } from "@optique/core/parser";
import type { ValueParser, ValueParserResult } from "@optique/core/valueparser";
import { printable } from "../../printable.ts";
import { unguardNegativeNumber } from "./negative_number.ts";

/** Refused values are named together with the rule: `"70000": a port is a whole number from 0 to 65535`. */
interface ValueRule<T> {
  readonly metavar: NonEmptyString;
  readonly rule: string | ((refused: string) => string);
  /** `undefined` refuses the text. */
  readonly read: (text: string) => T | undefined;
  readonly suggest?: (prefix: string) => Iterable<Suggestion>;
}

/** A value that follows a rule of its own. */
export function valueOf<T>(rule: ValueRule<T>): ValueParser<"sync", T> {
  return {
    mode: "sync",
    metavar: rule.metavar,
    placeholder: undefined as T,
    parse(input): ValueParserResult<T> {
      const given = unguardNegativeNumber(input);
      const read = rule.read(given);
      if (read !== undefined) return { success: true, value: read };
      const broken = typeof rule.rule === "string" ? rule.rule : rule.rule(given);
      return { success: false, error: message`${text(`"${printable(given)}": ${broken}.`)}` };
    },
    format: String,
    ...(rule.suggest === undefined ? {} : { suggest: rule.suggest }),
  };
}

/** A number as people write one, from `min` to `max`. */
export function wholeNumber(what: string, metavar: NonEmptyString, min: number, max: number) {
  return valueOf<number>({
    metavar,
    rule: `${what} is a whole number from ${min} to ${max}`,
    read(text) {
      // Number() takes "", " 1", "0x10" and "1e3"; none of these is what somebody means by a number here.
      if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
      const number = Number(text);
      return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
    },
  });
}

/** One of a few words. */
export function oneOf<T extends string | number>(
  metavar: NonEmptyString,
  what: string,
  choices: readonly T[],
) {
  const names = choices.map(String);
  return valueOf<T>({
    metavar,
    rule: `${what} ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`,
    read: (text) => choices[names.indexOf(text)],
    suggest: (prefix) =>
      names.filter((name) => name.startsWith(prefix)).map((text) => ({ kind: "literal", text })),
  });
}
