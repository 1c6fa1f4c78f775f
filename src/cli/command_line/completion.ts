/**
 * Completion in the shell. `completion SHELL` prints a script. At each press of the tabulator key,
 * the script calls `completion SHELL WORD…` with the words before the cursor. This prints one
 * suggestion a line for the last word, or `:file` or `:directory` where the shell itself should
 * suggest paths.
 */
import type { Command as TypedCommand } from "@commander-js/extra-typings";
import type { Argument, Command, Option } from "commander";
import { findCommand, isNamed, sharedArguments } from "./command_words.ts";
import { examples } from "./help_page.ts";
import { requestOf } from "./request_of.ts";
import { type KnownWords, oneOf, type Suggested } from "./value_rule.ts";

const completionScripts = {
  bash: `_micropay() {
  local line path current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file | :directory)
        # Slashes after folders, and quotes where a name needs them.
        compopt -o filenames 2> /dev/null
        while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -A "\${line#:}" -- "$current")
        ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <(micropay completion bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _micropay micropay
`,
  zsh: `#compdef micropay
_micropay() {
  local line ret=1
  local -a found
  for line in "\${(@f)$(micropay completion zsh "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    case $line in
      :file) _files && ret=0 ;;
      :directory) _files -/ && ret=0 ;;
      ?*) found+=("$line") ;;
    esac
  done
  (( \${#found} )) && _describe micropay found && ret=0
  return ret
}
compdef _micropay micropay
`,
  fish: `function __micropay_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (micropay completion fish $words[2..-1] "$current" 2> /dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :directory
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c micropay -f -a '(__micropay_complete)'
`,
};

export interface Suggestion {
  readonly word: string;
  readonly description: string;
}

type Shell = keyof typeof completionScripts;

/** A question for what the wallet knows. Its answer completes the last word. */
export interface KnownWordsRequest extends KnownWords {
  readonly kind: "known_words";
  readonly shell: Shell;
  /** The last word, which the suggestions begin with. */
  readonly last: string;
  /** Commands that may stand in the place of the last word. */
  readonly commands: readonly Suggestion[];
  /** What comes before the value in the last word: `--as=`. */
  readonly assigned: string;
  /** The words of the line that choose the server, the account and the folder. */
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly ledger?: string | undefined;
  readonly as?: string | undefined;
  readonly home?: string | undefined;
}

export function completionCommand(program: TypedCommand, root: Command) {
  const command = program.command("completion")
    .description("Print a completion script for bash, zsh or fish.")
    .argument(
      "<SHELL>",
      "bash, zsh or fish.",
      oneOf("a shell is", Object.keys(completionScripts) as Shell[]),
    )
    .argument("[WORD...]", "The words to complete, which the script gives.")
    .passThroughOptions()
    .addHelpText(...examples("source <(micropay completion bash)"));
  return requestOf(command, (shell, words) => {
    if (words.length === 0) return printed(completionScripts[shell]);
    const found = suggest(words, root);
    if (typeof found === "string") return printed(`:${found}\n`);
    if ("known" in found) return { ...found, kind: "known_words" as const, shell };
    return printed(found.map((suggestion) => `${lineFor[shell](suggestion)}\n`).join(""));
  });
}

function printed(text: string) {
  return { kind: "print" as const, text, exitCode: 0 as const };
}

/** @returns the lines for the shell with those of the known words that begin like the last word */
export function completionText(
  { shell, last, assigned, commands }: Pick<
    KnownWordsRequest,
    "shell" | "last" | "assigned" | "commands"
  >,
  known: readonly Suggestion[],
): string {
  const whole = known.map(({ word, description }) => ({ word: assigned + word, description }));
  return [...filterByStart(last, whole), ...commands].map((found) => `${lineFor[shell](found)}\n`)
    .join("");
}

const lineFor: Readonly<Record<Shell, (suggestion: Suggestion) => string>> = {
  bash: ({ word }) => word,
  zsh: ({ word, description }) => {
    const escaped = word.replaceAll(":", "\\:");
    return description === "" ? escaped : `${escaped}:${description}`;
  },
  fish: ({ word, description }) => description === "" ? word : `${word}\t${description}`,
};

function suggest(
  words: readonly string[],
  root: Command,
): Suggestion[] | Omit<KnownWordsRequest, "kind" | "shell"> | "file" | "directory" {
  const last = words.at(-1)!;
  const before = words.slice(0, -1);
  const { command, operands } = findCommand(before, root);
  // In `--log-format=t` only the value is incomplete.
  const [assigned = ""] = /^--[^=]+=/.exec(last) ?? [];
  const name = assigned === "" ? before.at(-1) : assigned.slice(0, -1);
  const option = command.options.find((option) => option.required && isNamed(option, name));
  if (!option && last.startsWith("-")) return filterByStart(last, optionsOf(command));
  const suggested = valuesOf(option ?? argumentAt(command, operands.length));
  if (typeof suggested === "string") return suggested;
  const commands = option ? [] : filterByStart(last, commandsAfter(command, operands));
  // Where a server or a command may stand, a word that begins a command's name is that command.
  if ("known" in suggested && (last === "" || commands.length === 0)) {
    const [host, port] = operands;
    const [as, home] = [valueIn(before, "--as"), valueIn(before, "--home")];
    const ledger = valueIn(before, "--ledger");
    return { known: suggested.known, last, assigned, commands, host, port, ledger, as, home };
  }
  const fixed = "known" in suggested ? [] : suggested;
  const values = fixed.map((value) => ({ word: assigned + value, description: "" }));
  return [...filterByStart(last, values), ...commands];
}

/** @returns the value of an option, in the next word or after an equals sign */
function valueIn(words: readonly string[], option: string): string | undefined {
  const at = words.findLastIndex((word) => word === option || word.startsWith(`${option}=`));
  return words[at] === option ? words[at + 1] : words[at]?.slice(option.length + 1);
}

function filterByStart(text: string, suggestions: readonly Suggestion[]): Suggestion[] {
  return suggestions.filter(({ word }) => word.startsWith(text));
}

function optionsOf({ options }: Command): Suggestion[] {
  const own = options.filter(({ hidden }) => !hidden).map(({ long, description }) => ({
    word: long!,
    description,
  }));
  return [...own, { word: "--help", description: "Show this help." }];
}

function valuesOf(valued: Argument | Option | undefined): Suggested {
  return (valued?.parseArg as { suggests?: Suggested } | undefined)?.suggests ?? [];
}

function argumentAt({ registeredArguments }: Command, at: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[at] ?? (last?.variadic ? last : undefined);
}

function commandsAfter(command: Command, operands: readonly string[]): Suggestion[] {
  // A command stands first, or after the server if it takes one.
  const isNext = (one: Command) => [0, sharedArguments(one)].includes(operands.length);
  return command.commands.filter(isNext).map((one) => ({
    word: one.name(),
    description: one.summary() || one.description(),
  }));
}
