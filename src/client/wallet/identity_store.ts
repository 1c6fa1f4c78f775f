/**
 * This user's accounts on one ledger: their keys and certificates.
 */
import { join } from "node:path";
import { type AccountName, isAccountName } from "../../account_name.ts";
import { CertificateError, FileError } from "../../errors.ts";
import {
  type CertificateRequest,
  createCertificateRequest,
  readCertificateRequest,
} from "../../pki/certificate_request.ts";
import { verifyChain } from "../../pki/certificate_profile.ts";
import { type Identity, openIdentity } from "../../pki/identity.ts";
import { derToPem } from "../../pki/pem.ts";
import { protectKey } from "../../pki/protected_key.ts";
import { sha256Hex, SigningKey } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { systemRandom } from "../../random.ts";
import type { DataFolder } from "./data_folder.ts";
import type { Disk } from "./disk.ts";
import { KeyOpener, type OpenedKey } from "./key_opener.ts";

/** A key and the certificate request that it signed. An applicant introduces itself with them. */
export interface Application {
  readonly request: CertificateRequest;
  readonly signingKey: SigningKey;
}

/** @returns the accounts of one ledger that were registered from this folder, ordered by name */
export async function accountNames(folder: DataFolder, ledger: string): Promise<AccountName[]> {
  const names: AccountName[] = [];
  for (const name of await folder.disk.names(folder.accountsFolder(ledger))) {
    if (!isAccountName(name)) continue;
    const certificate = join(folder.accountFolder(ledger, name), certificateFileName);
    if (await folder.disk.readText(certificate) !== undefined) names.push(name);
  }
  return names.sort();
}

const certificateFileName = "certificate.pem";

/** The texts of an account's files. */
export interface IdentityFiles {
  readonly certificatePem: string;
  /** PKCS#8 in PEM; a passphrase may protect it. */
  readonly keyPem: string;
}

export class IdentityStore {
  readonly #folder: DataFolder;
  readonly #anchor: TrustAnchor;
  readonly #keys: KeyOpener;

  constructor(folder: DataFolder, anchor: TrustAnchor, keys = new KeyOpener(undefined)) {
    this.#folder = folder;
    this.#anchor = anchor;
    this.#keys = keys;
  }

  get #disk(): Disk {
    return this.#folder.disk;
  }

  /**
   * Reads an account's key and certificate.
   *
   * @returns `undefined` when this account was not registered from this folder
   * @throws {CertificateError} when the certificate is not good now, or belongs to another key. The
   * message names the file
   * @throws {PassphraseError} when the key has a passphrase, and the one given is wrong
   */
  async load(name: AccountName, { atMs }: { atMs: number }): Promise<Identity | undefined> {
    const files = await this.files(name);
    if (!files) return undefined;
    const { certificatePem, keyPem } = files;
    const { pem: privateKeyPem } = await this.#open(this.#keyFile(name), keyPem, name);
    const anchor = this.#anchor;
    return withAttempt(
      `use ${this.#certificateFile(name)} and its key`,
      () => openIdentity({ certificatePem, privateKeyPem, anchor, role: "member", atMs }),
    );
  }

  /**
   * Returns the texts of an account's files. Nothing of them is verified.
   *
   * @returns `undefined` when this account was not registered from this folder
   */
  async files(name: AccountName): Promise<IdentityFiles | undefined> {
    const certificatePem = await this.#certificatePem(name);
    const keyPem = await this.#disk.readText(this.#keyFile(name));
    return certificatePem === undefined || keyPem === undefined
      ? undefined
      : { certificatePem, keyPem };
  }

  /**
   * Protects an account's key with a passphrase, in place of its earlier one.
   *
   * @param passphrase `undefined`: leaves the key without one
   * @throws {PassphraseError} when the key has a passphrase, and the one given is wrong
   * @throws {CertificateError} when there is no such key, or it cannot be read
   */
  async protect(name: AccountName, passphrase: string | undefined): Promise<void> {
    const path = this.#keyFile(name);
    // Opened before the lock, because a person may take minutes to answer.
    await this.#opened(path, name);
    await this.#locked(name, async () => {
      const { pem } = await this.#opened(path, name);
      const text = passphrase === undefined
        ? pem
        : await protectKey(pem, { passphrase, random: systemRandom });
      await this.#disk.writeWhole(path, text, "private");
    });
  }

  /**
   * Stores the files of an identity from elsewhere. Their contents were verified. The same call
   * again completes an interrupted one.
   *
   * @throws {FileError} when there is another key or certificate of this account
   */
  async adopt(name: AccountName, { certificatePem, keyPem }: IdentityFiles): Promise<void> {
    await this.#locked(name, async () => {
      const { fingerprint, pem: caPem } = this.#anchor;
      await this.requireFree(name, { certificatePem, keyPem });
      await this.#disk.writeWhole(this.#folder.caFile(fingerprint), caPem, "public");
      await this.#disk.writeWhole(this.#keyFile(name), keyPem, "private");
      // The last change, because an account is there when its certificate is.
      await this.#disk.writeWhole(this.#certificateFile(name), certificatePem, "public");
    });
  }

  /**
   * Checks that nothing of an account would be overwritten.
   *
   * @throws {FileError} when the account is registered here, or has another key here
   */
  async requireFree(name: AccountName, { keyPem }: IdentityFiles): Promise<void> {
    const key = await this.#disk.readText(this.#keyFile(name));
    const isFree = key === undefined || key === keyPem;
    if (isFree && await this.#certificatePem(name) === undefined) return;
    throw new FileError(
      `import ${name}: ${this.#accountFolder(name)} has an account of this name on this ledger, ` +
        `and nothing is overwritten; give another folder with --home`,
    );
  }

  /**
   * Makes the key and the request for a new account. The key is on the disk before it is used. So
   * when the server's answer is lost, the same key asks again and gets the certificate that was
   * issued.
   *
   * @param options `anew`: replaces a key that was lost or is no longer trusted. The new key is
   * stored beside the old one. A new key of an earlier call that was not answered is used again
   * @throws {CertificateError} when a stored key cannot be read. The message names the file
   */
  async apply(
    name: AccountName,
    { anew = false }: { anew?: boolean } = {},
  ): Promise<Application> {
    // Under a lock, so that two processes that register one name at once use one key.
    const signingKey = await this.#locked(name, async () => {
      const next = this.#nextKeyFile(name);
      const isReplacement = anew &&
        (await this.#disk.readText(next) ?? await this.#certificatePem(name)) !== undefined;
      const path = isReplacement ? next : this.#keyFile(name);
      return await this.#storedKey(path, name) ?? await this.#newKey(path);
    });
    const request = readCertificateRequest(createCertificateRequest(name, signingKey));
    return { request, signingKey };
  }

  /**
   * Stores the certificate that the server issued. An old key is set aside only now, so a code that
   * the server refuses changes nothing.
   *
   * @throws {CertificateError} when the certificate is not of this ledger, this account and its
   * key, or the key is gone
   */
  async complete(
    { request }: Application,
    certificateDer: Uint8Array<ArrayBuffer>,
    { atMs }: { atMs: number },
  ): Promise<void> {
    const { name, publicKey } = request;
    const certificate = verifyChain([certificateDer], {
      anchor: this.#anchor,
      role: "member",
      atMs,
    });
    const { party } = certificate;
    const matches = party.role === "member" && party.name === name &&
      certificate.publicKey.fingerprint === publicKey.fingerprint;
    if (!matches) {
      throw new CertificateError(`register ${name}: the certificate is for another name or key`);
    }
    await this.#locked(name, async () => {
      const { fingerprint, pem: caPem } = this.#anchor;
      await this.#disk.writeWhole(this.#folder.caFile(fingerprint), caPem, "public");
      await this.#useKey(request);
      // The last change. When the process ends before it, the same command goes on the next time.
      const pem = derToPem(certificateDer, "CERTIFICATE");
      await this.#disk.writeWhole(this.#certificateFile(name), pem, "public");
    });
  }

  /**
   * Makes the key of a request the account's key. After an interruption, a repetition with the code
   * completes it: the new key is still beside the old one, or it is the account's key already.
   */
  async #useKey({ name, publicKey }: CertificateRequest): Promise<void> {
    if (await this.#fingerprintOfKey(this.#keyFile(name), name) === publicKey.fingerprint) return;
    const next = this.#nextKeyFile(name);
    if (await this.#fingerprintOfKey(next, name) !== publicKey.fingerprint) {
      throw new CertificateError(
        `register ${name}: its key is not in ${this.#accountFolder(name)} any more; register again`,
      );
    }
    await this.#setAside(name);
    await this.#disk.rename(next, this.#keyFile(name));
  }

  /** Renames the old key and certificate, so that a person can still look at them. */
  async #setAside(name: AccountName): Promise<void> {
    const pem = await this.#certificatePem(name);
    if (pem === undefined) return;
    const mark = sha256Hex(pem).slice(0, 16);
    for (const path of [this.#keyFile(name), this.#certificateFile(name)]) {
      await this.#disk.rename(path, `${path}.replaced-${mark}`);
    }
  }

  async #newKey(path: string): Promise<SigningKey> {
    const { signingKey, pem } = SigningKey.generate();
    await this.#disk.writeWhole(path, pem, "private");
    return signingKey;
  }

  async #locked<Result>(name: AccountName, action: () => Promise<Result>): Promise<Result> {
    await this.#disk.makeFolder(this.#accountFolder(name));
    return await this.#disk.locked(
      this.#folder.accountLock(this.#anchor.fingerprint, name),
      action,
    );
  }

  #accountFolder(name: AccountName): string {
    return this.#folder.accountFolder(this.#anchor.fingerprint, name);
  }

  #keyFile(name: AccountName): string {
    return join(this.#accountFolder(name), "key.pem");
  }

  #nextKeyFile(name: AccountName): string {
    return join(this.#accountFolder(name), "next_key.pem");
  }

  #certificateFile(name: AccountName): string {
    return join(this.#accountFolder(name), certificateFileName);
  }

  #certificatePem(name: AccountName): Promise<string | undefined> {
    return this.#disk.readText(this.#certificateFile(name));
  }

  async #storedKey(path: string, name: AccountName): Promise<SigningKey | undefined> {
    const stored = await this.#disk.readText(path);
    if (stored === undefined) return undefined;
    const { pem } = await this.#open(path, stored, name);
    return withAttempt(
      `use the key ${path}; put back a copy of it, or move it away and ask the operator for a code`,
      () => SigningKey.read(pem),
    );
  }

  async #fingerprintOfKey(path: string, name: AccountName): Promise<string | undefined> {
    const stored = await this.#disk.readText(path);
    // The passphrase of a key that is replaced may be lost.
    if (stored === undefined || !this.#keys.isOpen(stored)) return undefined;
    return (await this.#storedKey(path, name))?.publicKey.fingerprint;
  }

  async #opened(path: string, account: AccountName): Promise<OpenedKey> {
    const stored = await this.#disk.readText(path);
    if (stored === undefined) throw new CertificateError(`open the key ${path}: it is not there`);
    return await this.#open(path, stored, account);
  }

  #open(path: string, stored: string, account: AccountName): Promise<OpenedKey> {
    return this.#keys.open(stored, { path, account });
  }
}

/** Runs an action, and puts the attempt with the file's path before the text of its error. */
function withAttempt<Result>(attempt: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new CertificateError(`${attempt}: ${cause.message}`, { cause });
  }
}
