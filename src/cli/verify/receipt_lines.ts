/**
 * Lines of the files that `micropay verify` reads, one at a time however long the file is.
 */
import { FileError, messageOf } from "../../errors.ts";
import { lineBytesMax } from "../../limits.ts";
import type { ProcessIo } from "../process_io.ts";

export interface VerifyLine {
  /** As it was given; `stdin` for the standard input. */
  readonly file: string;
  /** From 1. */
  readonly number: number;
  /** Without white space around it; `undefined` when it is longer than any line of ours can be. */
  readonly text: string | undefined;
}

/**
 * Lines that hold something.
 *
 * @param file `-` for the standard input
 * @throws {FileError} when it cannot be read
 */
export async function* verifyLines(
  file: string,
  { openInput }: Pick<ProcessIo, "openInput">,
): AsyncGenerator<VerifyLine> {
  const name = file === "-" ? "stdin" : file;
  let number = 0;
  try {
    for await (const line of lines(file === "-" ? openInput() : await open(file))) {
      number++;
      const text = line?.trim();
      if (text !== "") yield { file: name, number, text };
    }
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(`read ${name}: ${messageOf(cause)}`, { cause });
  }
}

async function open(file: string): Promise<ReadableStream<Uint8Array>> {
  try {
    return (await Deno.open(file)).readable;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new FileError(`read ${file}: there is no such file`, { cause });
    }
    throw cause;
  }
}

/** `undefined` stands for a line that is too long; none of it is kept. */
async function* lines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  let isTooLong = false;
  for await (const chunk of bytes) {
    const [first, ...others] = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = first!;
    for (const next of others) {
      yield isTooLong || rest.length > lineBytesMax ? undefined : rest;
      isTooLong = false;
      rest = next;
    }
    if (rest.length <= lineBytesMax) continue;
    isTooLong = true;
    rest = "";
  }
  rest += decoder.decode();
  if (isTooLong || rest !== "") yield isTooLong || rest.length > lineBytesMax ? undefined : rest;
}
