/**
 * The file of an exported identity: writing it, and reading its lines.
 */
import {
  decryptExport,
  encryptExport,
  exportStartBytes,
  isEncryptedStart,
  requireHeader,
} from "../../client/wallet/encrypted_export.ts";
import type { RecordCounts } from "../../client/wallet/identity_export.ts";
import type { AskPassphrase } from "../../client/wallet/key_opener.ts";
import { createFileOf } from "../../durable_files.ts";
import { FileError, MicropayError, systemReason } from "../../errors.ts";
import { exportLineBytesMax } from "../../limits.ts";
import { LineInput } from "../line_input.ts";
import type { Passphrases } from "../passphrase.ts";

export function nameTaken(file: string): FileError {
  return new FileError(
    `write ${file}: there is such a file, and nothing is overwritten; give another name`,
  );
}

/**
 * Writes an export into a new file that only this user can read.
 *
 * @param passphrase encrypts it; `undefined`: it is not encrypted
 * @returns what the lines return
 * @throws {FileError} when it cannot be written, or a file has its name; then there is no new file
 */
export async function writeExport(
  file: string,
  lines: AsyncGenerator<string, RecordCounts>,
  passphrase: string | undefined,
): Promise<RecordCounts> {
  let counts: RecordCounts = { orders: 0, receipts: 0 };
  const encoder = new TextEncoder();
  async function* parts() {
    for (;;) {
      const { done, value } = await lines.next();
      if (done) {
        counts = value;
        return;
      }
      yield encoder.encode(`${value}\n`);
    }
  }
  try {
    const plain = ReadableStream.from(parts());
    const written = passphrase === undefined ? plain : await encryptExport(plain, passphrase);
    if (!await createFileOf(file, written)) throw nameTaken(file);
  } catch (cause) {
    if (cause instanceof MicropayError) throw cause;
    throw new FileError(`write ${file}: ${systemReason(cause)}`, { cause });
  }
  return counts;
}

interface OpenedExport {
  /** Its text, decrypted. */
  readonly parts: ReadableStream<Uint8Array>;
  /** Gives the passphrase of the key in it. An encrypted export has the key's passphrase. */
  readonly askPassphrase: AskPassphrase;
}

/**
 * @throws {FileError} when it cannot be read
 * @throws {PassphraseError} when it is encrypted, and the passphrase is wrong
 */
export async function openExport(file: string, passphrases: Passphrases): Promise<OpenedExport> {
  const attempt = `import ${file}`;
  const opened = openRegular(file, attempt);
  const bytes = new Uint8Array(exportStartBytes);
  const start = bytes.subarray(0, opened.readSync(bytes) ?? 0);
  opened.seekSync(0, Deno.SeekMode.Start);
  if (!isEncryptedStart(start)) {
    return { parts: opened.readable, askPassphrase: passphrases.ofKey };
  }
  try {
    requireHeader(start, attempt);
  } catch (error) {
    opened.close();
    throw error;
  }
  const passphrase = await passphrases.current(`the export ${file}`);
  const parts = await decryptExport(opened.readable, { passphrase, attempt });
  return { parts, askPassphrase: () => Promise.resolve(passphrase) };
}

/** Yields the lines of an export. */
export async function* exportLinesIn(
  parts: ReadableStream<Uint8Array>,
  attempt: string,
): AsyncGenerator<string> {
  const input = new LineInput(parts, { attempt, lineBytesMax: exportLineBytesMax });
  try {
    for (;;) {
      const line = await input.next();
      if (line.kind === "end") return;
      if (line.kind === "too_long") {
        throw new FileError(`${attempt}: a line is longer than ${exportLineBytesMax} bytes`);
      }
      yield line.text;
    }
  } finally {
    await input.close();
  }
}

function openRegular(file: string, attempt: string): Deno.FsFile {
  try {
    if (!Deno.statSync(file).isFile) throw new FileError(`${attempt}: it is not a regular file`);
    return Deno.openSync(file);
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(`${attempt}: ${systemReason(cause)}`, { cause });
  }
}
