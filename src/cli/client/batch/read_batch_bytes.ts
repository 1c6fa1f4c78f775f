/** The bytes of a file of payments, or of the standard input. */
import { FileError, systemReason } from "../../../errors.ts";
import { batchFileBytesMax } from "../../../limits.ts";

/**
 * Reads everything before the first payment is made.
 *
 * @param path `-` is the standard input
 * @param openInput opens the standard input
 * @throws {FileError} when it cannot be read, or is larger than {@link batchFileBytesMax}
 */
export async function readBatchBytes(
  path: string,
  openInput: () => ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  const attempt = `read the payments from ${path === "-" ? "the standard input" : path}`;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = path === "-" ? openInput() : (await Deno.open(path)).readable;
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > batchFileBytesMax) {
        throw new FileError(`${attempt}: it has more than ${batchFileBytesMax} bytes; split it`);
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(`${attempt}: ${systemReason(cause)}`, { cause });
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
