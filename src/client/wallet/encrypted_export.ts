/**
 * The encryption of an export: a file of `age` (age-encryption.org/v1) with a passphrase. It is a
 * stream of encrypted parts, so a large wallet never stands in memory, and a file that was cut off
 * is noticed.
 *
 * The package is loaded only here, because most commands do not need it.
 */
import { FileError, PassphraseError } from "../../errors.ts";
import { derivationMemoryBytesMax, exportWorkFactor } from "../../limits.ts";

type Parts = ReadableStream<Uint8Array>;

const ageLine = "age-encryption.org/v1\n";

/** Bytes at the start of a file that hold the whole header of one with a passphrase. */
export const exportStartBytes = 512;

/** The header: one recipient, which is a passphrase, with its work factor. */
const headerForm =
  /^age-encryption\.org\/v1\n-> scrypt [\w+/]+ ([1-9][0-9]?)\n[\w+/]+\n--- [\w+/]+\n/;

/** Returns whether a file that begins with these bytes is encrypted. */
export function isEncryptedStart(start: Uint8Array): boolean {
  return new TextDecoder().decode(start).startsWith(ageLine);
}

/**
 * Checks the header of an encrypted file before its parser reads it. A hostile one of 4 MB takes
 * the parser half a minute, and a work factor of 20 takes 1 GiB.
 *
 * @param start the first {@link exportStartBytes} of the file
 * @throws {FileError} when it is not a header with one passphrase, or takes too much memory
 */
export function requireHeader(start: Uint8Array, attempt: string): void {
  const [, factor] = headerForm.exec(new TextDecoder().decode(start)) ?? [];
  if (factor === undefined) {
    throw new FileError(
      `${attempt}: it is not encrypted with one passphrase, or its first lines are damaged`,
    );
  }
  if (128 * 8 * 2 ** Number(factor) <= derivationMemoryBytesMax) return;
  throw new FileError(
    `${attempt}: its passphrase takes more than ${derivationMemoryBytesMax} bytes of memory; ` +
      "decrypt it with age, and import what that writes",
  );
}

/** Encrypts with a passphrase what is read from the result. */
export async function encryptExport(parts: Parts, passphrase: string): Promise<Parts> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(exportWorkFactor);
  return await encrypter.encrypt(parts);
}

/**
 * Decrypts what is read from the result, which fails where the file was changed or cut off.
 *
 * @throws {PassphraseError} when the passphrase is wrong
 */
export async function decryptExport(
  parts: Parts,
  { passphrase, attempt }: { readonly passphrase: string; readonly attempt: string },
): Promise<Parts> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(parts);
  } catch (cause) {
    throw new PassphraseError(
      `${attempt}: the passphrase is wrong, or the file's first lines are damaged; a lost ` +
        "passphrase cannot be recovered: without another copy of the account's key, the operator " +
        "runs micropay ledger reissue NAME, and you register it with the code (--code)",
      { cause },
    );
  }
}
