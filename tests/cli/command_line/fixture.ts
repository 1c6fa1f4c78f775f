/**
 * Functions that parse the command lines of tests.
 */
import {
  parseCommandLine,
  type ParsedCommandLine,
  type PrintRequest,
  type UsageRefusal,
} from "../../../src/cli/command_line/command_line.ts";

/** Variables of the environment, by name. */
export type Variables = Readonly<Record<string, string>>;

/** @returns the request of the words; one text is split at spaces */
export function parsed(
  line: string | readonly string[],
  variables: Variables = {},
): ParsedCommandLine {
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  return parseCommandLine(words, { environment: (name) => variables[name], version: "1.2.3" });
}

/** @returns the refusal of words that must be refused */
export function refusedWith(
  line: string | readonly string[],
  variables: Variables = {},
): UsageRefusal {
  const result = parsed(line, variables);
  if (result.kind === "usage_error") return result;
  throw new Error(`taken, but had to be refused: ${line}`);
}

/** @returns the text that the words must print */
export function printedBy(
  line: string | readonly string[],
  variables: Variables = {},
): PrintRequest {
  const result = parsed(line, variables);
  if (result.kind === "print") return result;
  throw new Error(`printed nothing: ${line}`);
}
