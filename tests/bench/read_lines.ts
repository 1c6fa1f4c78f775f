/**
 * Reads the lines of a process's output.
 */

/** Yields each line without its newline; what follows the last newline is not a line. */
export async function* readLines(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop()!;
    yield* lines;
  }
  return undefined;
}
