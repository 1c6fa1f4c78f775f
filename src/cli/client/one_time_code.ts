/**
 * Reads the operator's one-time code for `register`: from the command line, or from a file, because
 * `ps` shows the command line to every user.
 */
import { oneTimeCodeCharactersMax } from "../../limits.ts";
import { UsageError } from "../../errors.ts";
import { readGivenFile } from "../given_file.ts";
import type { LineInput } from "../line_input.ts";
import { parseOneTimeCode } from "../command_line/option_values.ts";
import type { ProcessIo } from "../process_io.ts";

export interface CodeOptions {
  readonly code?: string;
  /** `-` is the standard input. */
  readonly codeFile?: string;
}

interface CodeIo extends Pick<ProcessIo, "isTerminal" | "say"> {
  readonly input: LineInput;
}

/**
 * @returns the code, or `undefined` when none was given
 * @throws {UsageError} when `--code` and `--code-file` were both given, or the text is not a code
 * @throws {FileError} when the file cannot be read
 */
export async function readOneTimeCode(
  { code, codeFile }: CodeOptions,
  { input, isTerminal, say }: CodeIo,
): Promise<string | undefined> {
  if (codeFile === undefined) return code;
  if (code !== undefined) {
    throw new UsageError("register: --code and --code-file both give a code; give one of them");
  }
  if (codeFile === "-" && isTerminal()) say("One-time code:");
  const line = codeFile === "-" ? await readInput(input) : await readFile(codeFile);
  const parsed = parseOneTimeCode(line.trim());
  if (parsed !== undefined) return parsed;
  // The text is not repeated, because it may be a mistyped code or another secret.
  throw new UsageError(
    `read the code from ${codeFile === "-" ? "the standard input" : codeFile}: its first line is ` +
      `not a one-time code, 1 to ${oneTimeCodeCharactersMax} letters, digits and hyphens`,
  );
}

async function readInput(input: LineInput): Promise<string> {
  const line = await input.next();
  return line.kind === "line" ? line.text : "";
}

async function readFile(path: string): Promise<string> {
  const text = await readGivenFile(path, `read the code from ${path}`);
  return text.split("\n", 1)[0]!;
}
