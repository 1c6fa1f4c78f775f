/**
 * Opens the keys of accounts, some of which a passphrase protects. A key is opened once in a
 * process, because that takes a tenth of a second and asks a person.
 */
import type { AccountName } from "../../account_name.ts";
import { CertificateError, PassphraseError } from "../../errors.ts";
import { isProtectedKey, unprotectKey } from "../../pki/protected_key.ts";

/**
 * Returns the passphrase of an account's key: asks a person, or reads it.
 *
 * @throws {PassphraseError} when there is none
 */
export type AskPassphrase = (account: AccountName) => Promise<string>;

export interface OpenedKey {
  /** Unprotected: PKCS#8 in PEM. */
  readonly pem: string;
  /** The passphrase that opened it; `undefined` for a key that had none. */
  readonly passphrase?: string;
}

/** What a lost passphrase leads to, for a person. */
export function lostPassphraseText(account: AccountName): string {
  return `a lost passphrase cannot be recovered: the operator runs micropay ledger reissue ` +
    `${account}, and you register ${account} with the code that it prints (--code)`;
}

export class KeyOpener {
  readonly #ask: AskPassphrase | undefined;
  readonly #opened = new Map<string, OpenedKey>();

  /** @param ask absent when there is nobody to ask, and no file */
  constructor(ask: AskPassphrase | undefined) {
    this.#ask = ask;
  }

  /**
   * Opens a key.
   *
   * @param stored the key file's text
   * @param options `path` is named in errors
   * @throws {PassphraseError} when there is no passphrase, or it is wrong
   * @throws {CertificateError} when it is protected in a way that is not supported
   */
  async open(
    stored: string,
    { path, account }: { readonly path: string; readonly account: AccountName },
  ): Promise<OpenedKey> {
    const known = this.#opened.get(stored);
    if (known) return known;
    if (!isProtectedKey(stored)) return { pem: stored };
    if (!this.#ask) {
      throw new PassphraseError(`open the key ${path}: it has a passphrase, and none was given`);
    }
    const passphrase = await this.#ask(account);
    const opened = { pem: await unprotected(stored, { passphrase, path, account }), passphrase };
    this.#opened.set(stored, opened);
    return opened;
  }

  /** Returns whether a key can be used without a question. */
  isOpen(stored: string): boolean {
    return this.#opened.has(stored) || !isProtectedKey(stored);
  }
}

async function unprotected(
  stored: string,
  { passphrase, path, account }: {
    readonly passphrase: string;
    readonly path: string;
    readonly account: AccountName;
  },
): Promise<string> {
  try {
    return await unprotectKey(stored, passphrase);
  } catch (cause) {
    if (cause instanceof PassphraseError) {
      const lost = lostPassphraseText(account);
      throw new PassphraseError(`open the key ${path}: ${cause.message}; ${lost}`, { cause });
    }
    if (!(cause instanceof CertificateError)) throw cause;
    throw new CertificateError(`open the key ${path}: ${cause.message}`, { cause });
  }
}
