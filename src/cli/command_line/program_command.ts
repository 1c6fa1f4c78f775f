/**
 * Commander's commands, with our refusals, and with a variable of the environment for every option.
 */
import { type Argument, Command, type Option } from "commander";
import type { Environment } from "../process_io.ts";
import { type ReadValue, Refusal } from "./value_rule.ts";
import { unexpectedOption, unexpectedWord } from "./unexpected_word.ts";
import { flagInEnvironment } from "./option_values.ts";

/**
 * A command of the program, or the program itself.
 *
 * Commander's types leave out `missingArgument` and the methods after it, which it calls by these
 * names. The tests of refusals fail with a version of commander that does not.
 */
export class ProgramCommand extends Command {
  readonly #readers = new Map<Option, (text: string) => unknown>();

  override createCommand(name?: string): ProgramCommand {
    return new ProgramCommand(name);
  }

  override addArgument(argument: Argument): this {
    const read = argument.parseArg;
    if (read) {
      const named = (text: string, previous: unknown) =>
        readAs(argument.name(), () => read(text, previous));
      // Completion finds its suggestions beside the function.
      argument.argParser(Object.assign(named, read));
    }
    return super.addArgument(argument);
  }

  override addOption(option: Option): this {
    // A flag has no text to read. `--no-relay` sets `relay` to false.
    const read = option.parseArg ?? (() => !option.negate);
    const [long, key] = [option.long!, option.attributeName()];
    this.#readers.set(option, (text) => read(text, undefined));
    const named = (text: string, previous: unknown) => {
      if (this.getOptionValueSource(key) === "cli" && readerOf(option)?.readAll === undefined) {
        throw new Refusal(`${long} may be given once only.`);
      }
      return readAs(long, () => read(text, previous));
    };
    return super.addOption(option.argParser(Object.assign(named, read)));
  }

  /** Reads the variables of the options that the words did not give. */
  readVariables(environment: Environment): void {
    for (const [option, read] of this.#readers) {
      const key = option.attributeName();
      const variable = variableOf(option);
      const text = environment(variable);
      // A container file leaves a variable out by setting it to nothing.
      if (text === undefined || text === "" || isOfOrchestrator(variable, text)) continue;
      if (this.getOptionValueSource(key) === "cli") continue;
      const isFlag = option.isBoolean() || option.negate;
      const readFlag = (flag: string) => flagInEnvironment(flag) !== option.negate;
      const readText = isFlag ? readFlag : readerOf(option)?.readAll;
      const value = readAs(variable, () => (readText ?? read)(text));
      this.setOptionValueWithSource(key, value, "env");
    }
  }

  missingArgument(name: string): never {
    throw new Refusal(`${name} is missing.`);
  }

  optionMissingArgument({ long, flags }: Option): never {
    throw new Refusal(`${long} needs a value: ${plainFlags(flags)}.`);
  }

  unknownOption(word: string): never {
    throw unexpectedOption(word, this);
  }

  _excessArguments(words: readonly string[]): never {
    throw unexpectedWord(words[this.registeredArguments.length]!, this);
  }
}

/** The variable of an option: `--initial-balance` is `MICROPAY_INITIAL_BALANCE`. */
export function variableOf(option: Option): string {
  return readerOf(option)?.variable ??
    `MICROPAY_${option.name().toUpperCase().replaceAll("-", "_")}`;
}

/** An option's flags as they are typed: `--db FILE`. */
export function plainFlags(flags: string): string {
  return flags.replace(/[<>]/g, "");
}

/** An option's reader, with what `value_rule.ts` puts beside the function. */
function readerOf(option: Option) {
  return option.parseArg as
    | Pick<ReadValue<unknown>, "variable"> & { readonly readAll?: ReadValue<unknown> }
    | undefined;
}

/** Reads a value, and puts the name of its argument, option or variable before a refusal. */
function readAs<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${name} ${error.message}`) : error;
  }
}

/**
 * Whether an orchestrator set the variable. Kubernetes and Docker tell every container about a
 * service called micropay, and name one variable like that of `--port`:
 * `MICROPAY_PORT=tcp://10.0.0.7:8888`.
 */
function isOfOrchestrator(variable: string, text: string): boolean {
  return variable === "MICROPAY_PORT" && /^(?:tcp|udp|sctp):\/\//.test(text);
}
