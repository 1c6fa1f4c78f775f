/**
 * Lines of text that a process prints or receives.
 */

/** Yields each line without its newline. The last one needs none. */
export async function* readLines(
  bytes: ReadableStream<Uint8Array>,
): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
  return undefined;
}
