/**
 * Files that a person names on the command line, and the CA's certificate in the current folder.
 */
import { attempting, readTextIfThere } from "../durable_files.ts";
import { FileError, systemReason } from "../errors.ts";
import { textFileBytesMax } from "../limits.ts";

/**
 * Reads a file that a person named. It may be a pipe, as in `--ca <(…)`, unlike a file in a folder.
 *
 * @param attempt what the text is read for, as in "read the CA certs/CA.pem"
 * @returns its text, which is not empty
 * @throws {FileError} when it is missing, empty or too long, or cannot be read
 */
export async function readGivenFile(path: string, attempt: string): Promise<string> {
  try {
    const text = await readBounded(path, attempt);
    if (text !== "") return text;
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new FileError(`${attempt}: ${systemReason(cause)}`, { cause });
    }
  }
  throw new FileError(`${attempt}: there is no such file, or it is empty`);
}

/** Reads a file that may have no end, such as a device. */
async function readBounded(path: string, attempt: string): Promise<string> {
  const file = await Deno.open(path);
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  // Leaving the loop closes the file.
  for await (const chunk of file.readable) {
    bytes += chunk.length;
    if (bytes > textFileBytesMax) {
      throw new FileError(`${attempt}: it has more than ${textFileBytesMax} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Where the operator's CA is, seen from the folder that the server was started in. */
export const nearbyCaPath = "certs/CA.pem";

/**
 * @returns the CA's certificate in the current folder, if there is one
 * @throws {FileError} when it is not a regular file, or cannot be read
 */
export function readNearbyCa(): string | undefined {
  return attempting(`read ${nearbyCaPath}`, () => readTextIfThere(nearbyCaPath)) || undefined;
}
