/**
 * Command lines as the tests of them write them.
 */
import {
  parseCommandLine,
  type ParsedCommandLine,
  type PrintRequest,
  type UsageRefusal,
} from "../../../src/cli/command_line/command_line.ts";

/** Variables of the environment, by name. */
export type Variables = Readonly<Record<string, string>>;

/** What the words come to; given as one text, they are separated by spaces. */
export function parsed(
  line: string | readonly string[],
  variables: Variables = {},
): ParsedCommandLine {
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  return parseCommandLine(words, { environment: (name) => variables[name], version: "1.2.3" });
}

/** The refusal of words that must be refused. */
export function refusedWith(
  line: string | readonly string[],
  variables: Variables = {},
): UsageRefusal {
  const result = parsed(line, variables);
  if (result.kind === "usage_error") return result;
  throw new Error(`taken, but had to be refused: ${line}`);
}

/** The text of words that must print one. */
export function printedBy(
  line: string | readonly string[],
  variables: Variables = {},
): PrintRequest {
  const result = parsed(line, variables);
  if (result.kind === "print") return result;
  throw new Error(`printed nothing: ${line}`);
}
