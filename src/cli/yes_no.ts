/**
 * A question to somebody at a terminal that has two answers.
 */
import type { LineInput } from "./line_input.ts";

/** Anything but a yes is a no. */
export async function askYesNo(
  question: string,
  { input, say }: { readonly input: LineInput; readonly say: (line: string) => void },
): Promise<boolean> {
  say(`${question} [y/N]`);
  const answer = await input.next();
  return answer.kind === "line" && /^y(es)?$/i.test(answer.text.trim());
}
