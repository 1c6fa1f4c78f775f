/**
 * A question to somebody at a terminal that has two answers.
 */
import { LineInput } from "./line_input.ts";

/** Anything but a yes is a no. */
export async function askYesNo(
  question: string,
  input: LineInput = new LineInput(Deno.stdin.readable),
): Promise<boolean> {
  console.error(`${question} [y/N]`);
  const answer = await input.next();
  return answer.kind === "line" && /^y(es)?$/i.test(answer.text.trim());
}
