/**
 * The demo's screen: headings, commands after a `$`, and below them the programs' output, indented.
 */

export function heading(text: string): void {
  console.log(`\n${strong(text)}`);
}

export function showCommand(command: string): void {
  console.log(`  ${strong(`$ ${command}`)}`);
}

export function showLine(text: string): void {
  console.log(`  ${text}`);
}

/** A question, with what was typed after it. */
export function showAnswer(question: string, answer: string): void {
  console.log(`  ${question} ${strong(answer)}`);
}

function strong(text: string): string {
  return Deno.stdout.isTerminal() && !Deno.noColor ? `\x1b[1m${text}\x1b[22m` : text;
}
