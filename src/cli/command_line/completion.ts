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
import { oneOf, type Suggested } from "./value_rule.ts";

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

interface Suggestion {
  readonly word: string;
  readonly description: string;
}

type Shell = keyof typeof completionScripts;

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
    const text = words.length === 0 ? completionScripts[shell] : complete(shell, words, root);
    return { kind: "print" as const, text, exitCode: 0 as const };
  });
}

function complete(shell: Shell, words: readonly string[], root: Command): string {
  const found = suggest(words, root);
  if (typeof found === "string") return `:${found}\n`;
  return found.map((suggestion) => `${lineFor[shell](suggestion)}\n`).join("");
}

const lineFor: Readonly<Record<Shell, (suggestion: Suggestion) => string>> = {
  bash: ({ word }) => word,
  zsh: ({ word, description }) => description === "" ? word : `${word}:${description}`,
  fish: ({ word, description }) => description === "" ? word : `${word}\t${description}`,
};

function suggest(words: readonly string[], root: Command): Suggestion[] | "file" | "directory" {
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
  const values = suggested.map((value) => ({ word: assigned + value, description: "" }));
  return filterByStart(last, [...values, ...(option ? [] : commandsAfter(command, operands))]);
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
  return command.commands.filter((one) => sharedArguments(one) === operands.length).map((one) => ({
    word: one.name(),
    description: one.summary() || one.description(),
  }));
}
