/**
 * Where an option's value comes from: the command line, else its variable of the environment (`MICROPAY_` and the option's name
 * in capitals, with one exception), else the default. Also what its help says, so that no option can be without its variable there.
 */
import { type Message, message, text } from "@optique/core/message";
import { multiple, nonEmpty, withDefault, WithDefaultError } from "@optique/core/modifiers";
import { argument, flag, option } from "@optique/core/primitives";
import type { ValueParser } from "@optique/core/valueparser";
import { directory, environmentFlag, file } from "./option_values.ts";

/** Reads one variable of the environment. */
export type Environment = (name: string) => string | undefined;

type LongName = `--${string}`;
type ShortName = `-${string}`;

export interface OptionHelp {
  readonly description: string;
}

/** Of an option that may be repeated: one value on the command line, all of them in the environment. */
export interface ListParsers<T> {
  readonly one: ValueParser<"sync", T>;
  readonly all: ValueParser<"sync", readonly T[]>;
}

/** An option whose name means something else elsewhere has a variable of another name. */
export interface ListHelp extends OptionHelp {
  readonly variable?: string;
}

export interface OptionDefault<T> extends OptionHelp {
  readonly fallback: NoInfer<T>;
}

/** The variable of an option: `--initial-balance` is `MICROPAY_INITIAL_BALANCE`. */
export function environmentName(longName: LongName): string {
  return "MICROPAY_" + longName.slice(2).toUpperCase().replaceAll("-", "_");
}

/**
 * Whether an orchestrator set a variable on its own. Kubernetes and Docker tell every container about a service called micropay, and
 * one of their names is the one of `--port`: `MICROPAY_PORT=tcp://10.0.0.7:8888`.
 */
function isOfOrchestrator(variable: string, value: string): boolean {
  return variable === "MICROPAY_PORT" && /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** Makes the parsers of options whose values may come from this environment. */
export class OptionSource {
  /** Paths, in which `~` is the HOME of this environment. */
  readonly file: ValueParser<"sync", string>;
  readonly directory: ValueParser<"sync", string>;
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.file = file(environment);
    this.directory = directory(environment);
  }

  /** An option that always has a value. */
  value<T>(name: LongName, parser: ValueParser<"sync", T>, help: OptionDefault<T>) {
    const shownDefault = parser.format(help.fallback);
    return withDefault(
      option(name, parser, optionSettings(name, help.description, shownDefault)),
      (): T => this.#read(environmentName(name), parser) ?? help.fallback,
    );
  }

  /** An option that may be left out. */
  optional<T>(name: LongName, parser: ValueParser<"sync", T>, help: OptionHelp) {
    return withDefault(
      option(name, parser, optionSettings(name, help.description)),
      (): T | undefined => this.#read(environmentName(name), parser),
    );
  }

  /** An option without a value. */
  flag(names: readonly [...ShortName[], LongName], help: OptionHelp) {
    const name = names.at(-1) as LongName;
    return withDefault(
      flag(...names as [LongName], {
        description: describe(environmentName(name), help.description),
      }),
      (): boolean => this.#read(environmentName(name), environmentFlag) ?? false,
    );
  }

  /** An option that may be repeated. The variable holds all of its values, and counts when the option is not given. */
  list<T>(name: LongName, parsers: ListParsers<T>, help: ListHelp) {
    const { description, variable = environmentName(name) } = help;
    const one = option(name, parsers.one, {
      ...optionSettings(name, description),
      description: describe(variable, description),
    });
    return withDefault(
      nonEmpty(multiple(one)),
      (): readonly T[] => this.#read(variable, parsers.all) ?? [],
    );
  }

  #read<T>(variable: string, parser: ValueParser<"sync", T>): T | undefined {
    const given = this.#environment(variable);
    // A variable that is set to nothing is how a container file leaves one out.
    if (given === undefined || given === "") return undefined;
    if (isOfOrchestrator(variable, given)) return undefined;
    const result = parser.parse(given);
    if (result.success) return result.value;
    throw new WithDefaultError(message`${text(variable)} ${result.error}`);
  }
}

/** A word of the command line that is no option, described and named where it is missing or refused. */
export function namedArgument<T>(parser: ValueParser<"sync", T>, description: string) {
  const name = text(parser.metavar);
  return argument(parser, {
    description: message`${text(description)}`,
    errors: {
      endOfInput: message`${name} is missing.`,
      invalidValue: (refusal) => message`${name} ${refusal}`,
    },
  });
}

function optionSettings(name: LongName, description: string, shownDefault?: string) {
  return {
    description: describe(environmentName(name), description, shownDefault),
    errors: { invalidValue: (refusal: Message) => message`${text(name)} ${refusal}` },
  };
}

function describe(variable: string, description: string, shownDefault?: string): Message {
  const fallback = shownDefault === undefined ? "" : ` Default: ${shownDefault}.`;
  return message`${text(`${description}${fallback} [${variable}]`)}`;
}
