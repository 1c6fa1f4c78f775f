/**
 * The encryption of an export: a file of `age` (age-encryption.org/v1) with a passphrase. It is a
 * stream of encrypted parts, so a large wallet never stands in memory, and a file that was cut off
 * is noticed.
 *
 * The package is loaded only here, because most commands do not need it.
 */
import { PassphraseError } from "../../errors.ts";
import { exportWorkFactor } from "../../limits.ts";

type Parts = ReadableStream<Uint8Array>;

const ageLine = "age-encryption.org/v1\n";

/** Bytes that tell whether a file is encrypted. */
export const encryptedStartBytes = ageLine.length;

/** Returns whether a file that begins with these bytes is encrypted. */
export function isEncryptedStart(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes) === ageLine;
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
      `${attempt}: the passphrase is wrong, or the file's first lines are damaged; a lost passphrase cannot be ` +
        "recovered: without another copy of the account's key, the operator runs micropay ledger " +
        "reissue NAME, and you register it with the code (--code)",
      { cause },
    );
  }
}
